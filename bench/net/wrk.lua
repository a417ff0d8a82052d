-- Has wrk print its figures as load.c prints its own; times are in us there. wrk cannot compare bodies: load check does that before.
-- SPDX-License-Identifier: MIT

function done(summary, latency, requests)
    local errors = summary.errors
    local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    print(string.format("figure requests %d", summary.requests))
    print(string.format("figure failed %d", failed))
    print(string.format("figure ns %.4f", summary.duration * 1000 / summary.requests))
    print(string.format("figure p50 %.4f", latency:percentile(50)))
    print(string.format("figure p99 %.4f", latency:percentile(99)))
    print(string.format("figure p999 %.4f", latency:percentile(99.9)))
    print(string.format("figure max %.4f", latency.max))
end
