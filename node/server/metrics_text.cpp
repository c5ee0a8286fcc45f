#include "node/server/metrics_text.h"

#include "shared/resp/numbers.h"

#include <cmath>

namespace quoit {

namespace {

std::string_view toText(MetricsText::Type type)
{
    switch (type) {
    case MetricsText::Type::Counter:
        return "counter";
    case MetricsText::Type::Gauge:
        return "gauge";
    case MetricsText::Type::Histogram:
        return "histogram";
    }
    return "untyped";
}

std::string escaped(std::string_view text, bool quotes)
{
    std::string out;
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || (quotes && c == '"'))
            out += '\\';
        out += c;
    }
    return out;
}

std::string numberText(double value)
{
    if (std::isinf(value))
        return value > 0 ? "+Inf" : "-Inf";
    return std::isnan(value) ? "NaN" : formatDouble(value);
}

} // namespace

void MetricsText::family(std::string_view name, Type type, std::string_view help)
{
    m_family = name;
    m_text += "# HELP " + m_family + ' ' + escaped(help, false) + "\n# TYPE " + m_family + ' ';
    m_text += toText(type);
    m_text += '\n';
}

void MetricsText::sample(double value, const Labels& labels)
{
    add("", labels, numberText(value));
}

void MetricsText::sample(const Histogram& microseconds, const Labels& labels)
{
    Labels withBound = labels;
    withBound.emplace_back("le", std::string());
    for (int power = bucketFirst; power <= bucketLast; ++power) {
        withBound.back().second = numberText(std::exp2(power) / 1e6);
        add("_bucket", withBound, std::to_string(microseconds.countBelowPower(power)));
    }
    withBound.back().second = "+Inf";
    add("_bucket", withBound, std::to_string(microseconds.count()));
    add("_sum", labels, numberText(static_cast<double>(microseconds.sum()) / 1e6));
    add("_count", labels, std::to_string(microseconds.count()));
}

void MetricsText::add(std::string_view suffix, const Labels& labels, std::string_view value)
{
    m_text += m_family;
    m_text += suffix;
    char separator = '{';
    for (const auto& [name, text] : labels) {
        m_text += separator;
        m_text += name;
        m_text += "=\"" + escaped(text, true) + '"';
        separator = ',';
    }
    if (!labels.empty())
        m_text += '}';
    m_text += ' ';
    m_text += value;
    m_text += '\n';
}

} // namespace quoit
