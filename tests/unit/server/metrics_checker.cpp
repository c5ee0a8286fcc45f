#include "tests/unit/server/metrics_checker.h"

#include <cmath>
#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <sstream>

namespace quoit::testing {

namespace {

class Checker
{
public:
    void line(const std::string& text)
    {
        static const std::regex help("# HELP ([a-z_]+) (.+)");
        static const std::regex type("# TYPE ([a-z_]+) (counter|gauge|histogram)");
        static const std::regex sample(R"(([a-z_]+)(\{(([a-z]+="([^"\\\n]|\\["\\n])*",?)+)\})? (-?[0-9][0-9.e+-]*|[+-]Inf|NaN))");
        std::smatch match;
        m_line = text;
        if (std::regex_match(text, match, help))
            begin(match[1]);
        else if (std::regex_match(text, match, type))
            setType(match[1], match[2]);
        else if (std::regex_match(text, match, sample))
            take(match[1], match[3], std::strtod(match[6].str().c_str(), nullptr));
        else
            problem("can't be read");
    }
    void end()
    {
        for (const auto& [series, buckets] : m_buckets) {
            m_line = series;
            double before = 0;
            for (const auto& [bound, count] : buckets) {
                if (count < before)
                    problem("buckets aren't cumulative");
                before = count;
            }
            if (!buckets.count(INFINITY) || !m_counts.count(series) || m_counts[series] != before)
                problem("the last bucket isn't the count");
            if (!m_sums.count(series))
                problem("no sum");
        }
    }
    std::string problems;

private:
    void problem(const char* what) { problems += std::string(what) + ": " + m_line + '\n'; }

    void begin(const std::string& name)
    {
        m_family = name;
        m_type.clear();
        if (!m_families.insert(name).second)
            problem("a family twice");
        static const std::regex unitElsewhere(".*(milliseconds|microseconds|_us|_ms|kilobytes|megabytes|permille|percent).*");
        if (std::regex_match(name, unitElsewhere))
            problem("not a base unit");
    }
    void setType(const std::string& name, const std::string& type)
    {
        m_type = type;
        if (name != m_family)
            problem("TYPE of another family");
        if ((type == "counter") != name.ends_with("_total"))
            problem("counters, and they alone, end in _total");
    }
    void take(const std::string& name, const std::string& labels, double value)
    {
        if (!m_seen.insert(name + '{' + labels).second)
            problem("a series twice");
        if (m_type != "histogram") {
            if (m_type.empty() || name != m_family)
                problem("no HELP and TYPE");
            if (m_type == "counter" && !(value >= 0))
                problem("a counter below zero");
            return;
        }
        if (name == m_family + "_sum") {
            m_sums[m_family + '{' + labels] = value;
        } else if (name == m_family + "_count") {
            m_counts[m_family + '{' + labels] = value;
        } else if (name == m_family + "_bucket") {
            const std::size_t bound = labels.rfind("le=\"");
            if (bound == std::string::npos)
                return problem("a bucket without its bound");
            const std::string others = labels.substr(0, bound == 0 ? 0 : bound - 1);
            m_buckets[m_family + '{' + others][std::strtod(labels.c_str() + bound + 4, nullptr)] = value;
        } else {
            problem("not of a histogram");
        }
    }

    std::string m_line;
    std::string m_family;
    std::string m_type;
    std::set<std::string> m_families;
    std::set<std::string> m_seen;
    std::map<std::string, std::map<double, double>> m_buckets; // by series, then by bound
    std::map<std::string, double> m_counts;
    std::map<std::string, double> m_sums;
};

} // namespace

std::string problemsOfMetrics(const std::string& text)
{
    Checker checker;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        checker.line(line);
    checker.end();
    if (!text.ends_with('\n'))
        checker.problems += "the last line has no end\n";
    return checker.problems;
}

} // namespace quoit::testing
