"""How robust a plan is: what every plan holds, what happens in every future, what all groups can live with."""
