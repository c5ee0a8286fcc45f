// tests/unit/server/metrics_checker.h - reads Prometheus' text format strictly: its syntax, and the rules for names.
// Pure. Source: https://prometheus.io/docs/instrumenting/exposition_formats/ and https://prometheus.io/docs/practices/naming/
#pragma once

#include <string>

namespace quoit::testing {

/// @return a line for each problem; empty if there is none
std::string problemsOfMetrics(const std::string& text);

} // namespace quoit::testing
