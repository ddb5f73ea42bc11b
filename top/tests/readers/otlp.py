"""Reads an OTLP request in JSON by OpenTelemetry's own message types, which refuse unknown fields,
and writes its metrics as JSON."""

import json
import sys

from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest as Request,
)


def attributes(pairs):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


def point(kind, one):
    found = {"attributes": attributes(one.attributes), "start": one.start_time_unix_nano,
             "end": one.time_unix_nano}
    if kind == "histogram":
        return found | {"count": one.count, "sum": one.sum, "bounds": list(one.explicit_bounds),
                        "buckets": list(one.bucket_counts)}
    return found | {"value": getattr(one, one.WhichOneof("value"))}


request = Parse(sys.stdin.read(), Request())
(resource,) = request.resource_metrics
(scope,) = resource.scope_metrics
found = {"resource": attributes(resource.resource.attributes)}
for metric in scope.metrics:
    kind = metric.WhichOneof("data")
    data = getattr(metric, kind)
    found[metric.name] = {
        "type": kind,
        "unit": metric.unit,
        "temporality": getattr(data, "aggregation_temporality", None),
        "points": [point(kind, one) for one in data.data_points],
    }
json.dump(found, sys.stdout)
