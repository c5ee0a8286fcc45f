// node/server/metrics_text.h - writes Prometheus' text format, version 0.0.4. Knows no figures: server_commands.h has metricsText().
// Pure. Source: https://prometheus.io/docs/instrumenting/exposition_formats/; names follow https://prometheus.io/docs/practices/naming/:
// base units (seconds, bytes) last, counters end in _total.
#pragma once

#include "shared/base/histogram.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace quoit {

class MetricsText
{
public:
    enum class Type { Counter, Gauge, Histogram };
    /// Name and value; the value may be any UTF-8 text.
    using Labels = std::vector<std::pair<std::string_view, std::string>>;

    // Buckets of histograms: powers of two, 32 µs … 16.8 s.
    static constexpr int bucketFirst = 5;
    static constexpr int bucketLast = 24;

    /// All samples up to the next call are of this family. Each family once.
    void family(std::string_view name, Type type, std::string_view help);
    /// A value of the family.
    void sample(double value, const Labels& labels = {});
    template <typename Integer, typename = std::enable_if_t<std::is_integral_v<Integer>>>
    void sample(Integer value, const Labels& labels = {})
    {
        add("", labels, std::to_string(value));
    }
    /// A family of type Histogram: in seconds. @param microseconds what was recorded, µs
    void sample(const Histogram& microseconds, const Labels& labels = {});

    /// A family with one sample.
    template <typename Number>
    void counter(std::string_view name, std::string_view help, Number value)
    {
        family(name, Type::Counter, help);
        sample(value);
    }
    template <typename Number>
    void gauge(std::string_view name, std::string_view help, Number value)
    {
        family(name, Type::Gauge, help);
        sample(value);
    }
    void histogram(std::string_view name, std::string_view help, const Histogram& microseconds)
    {
        family(name, Type::Histogram, help);
        sample(microseconds);
    }
    std::string take() { return std::move(m_text); }

private:
    void add(std::string_view suffix, const Labels& labels, std::string_view value);

    std::string m_text;
    std::string m_family;
};

} // namespace quoit
