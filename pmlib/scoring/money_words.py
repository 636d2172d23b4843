"""Words by which a criterion says that it counts money or the chance of success."""

from __future__ import annotations

import re

# What only looks like money or success is left out: energy savings, staff turnover, the probability of rain.
_WORDS = (
    r"(?:k|m|t|bn|mio)?(?:eur|usd|gbp|chf)(?:k|m|bn)?|euros?|dollars?|costs?|prices?|revenues?"
    r"|(?<!non-)(?<!for-)profit(?:s|ability)?|(?:gross|contribution) margin|(?<!staff )(?<!employee )turnover"
    r"|npv|net present value|irr|roi|return on investment|pay-?back|cash[ -]?flows?|ebit(?:da)?|capex|opex"
    r"|expenditures?|probability(?! (?:of|that))|(?:probability|chances?|likelihood|odds)[^,;.]* succe(?:ss|eds?)"
    r"|(?:p_|success )(?:success|probability|chances?|likelihood)"
)


def names_money(text: str, *, currency: str = "") -> bool:
    """Tell whether a text says money or chance of success in a whole word.

    Parameters
    ----------
    text : str
        Name or measure of a criterion.
    currency : str
        A further currency code, such as ``SEK``; found as it is written, also as kSEK or SEKm.

    Examples
    --------
    >>> names_money("Running cost, kEUR a year"), names_money("visitors from Costa Rica")
    (True, False)
    >>> names_money("MSEK a year"), names_money("MSEK a year", currency="SEK")
    (False, True)
    """
    code = re.escape(currency.strip())
    words = f"(?i:{_WORDS})" + (rf"|(?:k|m|M|t|T|bn|mio)?{code}(?:k|m|bn)?" if code else "")
    # Letters bound a word, not \b: cost_k and 5EUR say money too.
    return re.search(rf"[€$£¥]|(?<![^\W\d_])(?:{words})(?![^\W\d_])", text) is not None
