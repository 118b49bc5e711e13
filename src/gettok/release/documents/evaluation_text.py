"""How far the model agrees with people, and what its answers cost, as texts for the datasheet and the methods."""

from collections.abc import Iterator, Mapping

from gettok.annotate.human_labels.confusion import Confusion
from gettok.annotate.human_labels.evaluation import LEFT_OUT, Coders, Evaluation
from gettok.annotate.human_labels.measures import NumberAgreement, SetAgreement
from gettok.errors import REASONS, counted
from gettok.release.documents.facts import Paid
from gettok.release.documents.rendering import be, code
from gettok.stats.formatting import number, percent, percents
from gettok.stats.proportions import Share


def evaluation_text(evaluations: Mapping[str, Evaluation]) -> str:
    if not evaluations:
        return "No labels by people were given, so how often the model's labels are right in this study is not known."
    head = "People gave values, too; the model is compared with the value that most of them gave."
    return head + "\n\n" + "\n".join(f"- {_line(name, of)}" for name, of in evaluations.items())


def _line(name: str, of: Evaluation) -> str:
    parts = [
        f"{code(name)}: {counted(of.videos, 'video')} with values by {counted(of.coders.count, 'person')}"
    ]
    parts[0] = parts[0].replace("persons", "people")
    compared = of.agreement.n
    parts.append(
        f"{compared:,} {be(compared)} compared" + (f": {', '.join(_measures(of))}" if compared else "")
    )
    if of.left_out:
        why = {**REASONS, **LEFT_OUT}
        left = ", ".join(f"{count:,} ({why.get(reason, reason)})" for reason, count in of.left_out.items())
        parts.append(f"left out: {left}")
    parts += _coders(of.coders)
    return "; ".join(parts) + "."


def _measures(of: Evaluation) -> Iterator[str]:
    agreement = of.agreement
    match agreement:
        case Confusion():
            yield f"accuracy {_share(agreement.accuracy)}"
            yield f"Cohen's κ {number(agreement.kappa, agreement.n)}"
            yield f"macro F1 {number(agreement.macro_f1, agreement.n)}"
        case SetAgreement():
            yield f"all labels the same in {_share(agreement.accuracy)}"
            yield f"macro F1 {number(agreement.macro_f1, agreement.n)}"
        case NumberAgreement():
            yield f"the same number in {_share(agreement.accuracy)}"
            yield f"mean absolute difference {number(agreement.mean_absolute_difference.value, agreement.n)}"


def _share(share: Share) -> str:
    if share.low is None or share.high is None:
        return percent(share.value, share.n)
    interval = f"{percents(share.low, share.n)} to {percent(share.high, share.n)}"
    return f"{percent(share.value, share.n)} (95 % interval {interval})"


def _coders(coders: Coders) -> Iterator[str]:
    if coders.judged_twice and coders.alpha is not None:
        judged = counted(coders.judged_twice, "video")
        yield f"Krippendorff's α of the people {number(coders.alpha, coders.judged_twice)} over {judged}"


def cost_text(cost: Paid) -> str:
    """What the answers of the tables cost, as far as it is known."""
    if not cost.known:
        return (
            "What the model's answers cost is not known: the settings have no prices, or no model was asked."
        )
    known = f"{counted(cost.known, 'answer')} of models in these tables cost {cost.usd:.6g} US dollars"
    more = (
        f" {counted(cost.unknown, 'more answer')} {be(cost.unknown)} without a price, so that the whole cost is higher."
        if cost.unknown
        else ""
    )
    rest = "Answers to other settings, and tries without a reply, are not counted."
    return f"At the prices of the settings, the {known}.{more} {rest}"
