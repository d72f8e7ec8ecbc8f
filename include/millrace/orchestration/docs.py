"""The Markdown that Airflow shows beside a DAG and its tasks."""

from __future__ import annotations

from millrace.workflow.spec import WorkflowSpec

_TASKS = {
    "discover": "Checks the run's parameters, freezes the spec for this run, and lists the "
    "**partitions** of every source with a fingerprint.",
    "collect": "Brings a partition into the store, verified, with the original bytes kept.",
    "clean": "Applies the data contract. Refused records go to **quarantine** with a reason; "
    "nothing is dropped silently.",
    "transform": "Brings records into the canonical form. Learns nothing, so nothing can leak.",
    "integrate": "Unites partitions and sources, removes duplicates across them, and splits by a "
    "stable hash of each record's group.",
    "train": "Fits the network in the workflow's runtime, a checkpoint each epoch, and exports "
    "the **bundle** (Keras, SavedModel, ONNX), which must agree.",
    "candidates": "Lists the networks that this run trains, from the frozen spec.",
    "baseline": "Fits a scikit-learn model on the same split, for comparison.",
    "choose": "Scores the candidates on the validation split; the best one goes to the gate.",
    "folds": "Shares the groups of all records out among the folds of the cross-validation.",
    "split_fold": "Writes the data set of one fold: the fold to score on, the others to train on.",
    "train_fold": "Fits the workflow's network without one fold, in the workflow's runtime.",
    "baseline_fold": "Fits the scikit-learn model without the same fold.",
    "cross_validate": "Scores every record by the model that has not seen its fold: mean, spread "
    "and figures of each fold, beside the baseline.",
    "evaluate": "Scores the exported bundle on the test split, with confidence intervals, beside "
    "the baseline and the champion; draws the plots.",
    "explain": "Draws what spoke for the answers to test records, mistakes and a sample of the "
    "rest, in the workflow's runtime. What failed its sanity check is not drawn.",
    "cards": "Writes the model card, the data card and the summary of de-identification, as pages "
    "that ask the network for nothing.",
    "approve": "Asks a **person** about a challenger that passed the gate (*Required Actions*), "
    "and waits. The first answer stands; a repetition does not ask again.",
    "promote": "The **gate**: a challenger that passes becomes champion. A refused challenger is "
    "a successful run that says why.",
    "predict": "Scores records with the champion, each exactly once, into the store and SQL.",
    "finish": "Records that the run ended well.",
}


_USE = (
    "Trigger it with or without parameters; an empty field keeps the spec's value. A second run "
    "with nothing changed takes every result from the store. Retry and clear any task at any "
    "time: results are named by what made them, so nothing is made or delivered twice."
)


def task_docs(name: str) -> str:
    """Return the Markdown of a task."""
    return _TASKS[name]


def dag_docs(spec: WorkflowSpec, dag_id: str) -> str:
    """Return the Markdown of a workflow's DAG."""
    lines = [f"# {dag_id}", spec.description, "", *_purpose(spec, dag_id), "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in _facts(spec).items()]
    lines += [
        "",
        _USE,
    ]
    return "\n".join(lines)


def _purpose(spec: WorkflowSpec, dag_id: str) -> list[str]:
    if dag_id == spec.name:
        return ["Raw data to a champion and its predictions."]
    return ["Scores new data with the champion. Give `sources` to score data of your own."]


def _facts(spec: WorkflowSpec) -> dict[str, str]:
    model = spec.model.model_dump(exclude_defaults=True)
    gate = spec.gate.model_dump(exclude_none=True, exclude={"approval"})
    gate |= {"approval": "required"} if spec.gate.asks is not None else {}
    candidates = (*spec.networks, *spec.classical)
    return {
        "task": spec.task,
        "sources": ", ".join(f"{source.name} ({source.kind})" for source in spec.sources),
        "model": ", ".join(f"{key} {value}" for key, value in model.items()),
        **({"candidates": ", ".join(candidates)} if spec.competes else {}),
        "training": f"{spec.train.epochs} epochs, {spec.train.optimizer}, "
        f"batches of {spec.train.batch_size}",
        "gate": ", ".join(f"{key} {value}" for key, value in gate.items()),
        "predictions": f"SQL table `{spec.predict.table}`",
    }
