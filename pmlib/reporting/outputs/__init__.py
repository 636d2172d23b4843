"""Forms of a report beside its pages: spreadsheet and printable document."""
