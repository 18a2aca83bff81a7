"""Results of `topkit bench --device cuda` and gpu_python_peers.py, joined case by case: for the README and the summary."""

import dataclasses
import json
import math


@dataclasses.dataclass
class Rival:
    name: str
    hot: float  # its time over topkit's, in the run that both were in
    cold: float | None
    ordered: bool  # best first, as topkit writes them


@dataclasses.dataclass
class Row:
    case: str
    own: dict  # topkit's own result, by the plan's choice
    rivals: list

    def best(self, ordered=None, heat="hot"):
        """The rival that comes closest or is faster; of those that sort, where `ordered`."""
        rivals = [r for r in self.rivals if (r.ordered or not ordered) and getattr(r, heat)]
        return min(rivals, key=lambda r: getattr(r, heat), default=None)

    def rival(self, name):
        return next((r for r in self.rivals if r.name.split()[0] == name), None)

    def over_target(self, heat):
        time, target = self.own.get(f"{heat}_us"), self.own.get(f"target_{heat}_us")
        return time / target if time and target else None


def read(path):
    """(header, results): lines, or an array with one object a line. Without header lines and refusals."""
    header, results = {}, []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip().rstrip(",")
        if line in ("", "[", "]"):
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path} line {number}: is no JSON: {error}") from error
        if not isinstance(entry, dict):
            raise ValueError(f"{path} line {number}: is no JSON object")
        if "header" in entry:
            header = header or entry
        elif "refused" not in entry:
            for field in ("case", "peer", "hot_us", "distribution", "order", "verified"):
                if field not in entry:
                    raise ValueError(f"{path} line {number}: has no field {field}")
            results.append(entry)
    if not results:
        raise ValueError(f"{path}: holds no results of topkit bench")
    return header, results


def rows(results, distribution="normal"):
    """A Row for each case that topkit has a result of, in the order of the file."""
    found = {}
    results = [r for r in results if r.get("device") == "cuda" and r["distribution"] == distribution and not r.get("forced")]
    for result in results:
        if result["peer"] == "topkit":
            found[result["case"]] = Row(result["case"], result, [])
    for result in results:
        if result["peer"] in ("topkit", "floor") or result["case"] not in found or not result["verified"]:
            continue
        row = found[result["case"]]
        hot = result["hot_us"] / (result.get("topkit_us") or row.own["hot_us"])
        own_cold = result.get("topkit_cold_us") or row.own.get("cold_us")
        cold = result["cold_us"] / own_cold if result.get("cold_us") and own_cold else None
        row.rivals.append(Rival(result["peer"], hot, cold, result.get("sorted", True)))
    return list(found.values())


def geometric_mean(ratios):
    ratios = [r for r in ratios if r]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None
