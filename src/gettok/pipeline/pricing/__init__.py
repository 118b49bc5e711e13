"""What the models will cost, before anything is asked: of this study, by its own tables or by what to expect."""

from gettok.pipeline.pricing.costs import Cost, PricedPart, PricedPlan, PricedStage
from gettok.pipeline.pricing.study import price

__all__ = ["Cost", "PricedPart", "PricedPlan", "PricedStage", "price"]
