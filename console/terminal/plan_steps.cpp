#include "console/terminal/plan_steps.h"

#include "console/terminal/text.h"
#include "shared/client/address_book.h"

#include <algorithm>
#include <charconv>

namespace quoit::terminal {

namespace {

struct Kind
{
    std::string_view name;
    std::size_t wordCount;
    bool hasAddress = false;
    bool endsWithNumber = false;
};

constexpr Kind kinds[] = {
    {.name = "join", .wordCount = 0, .hasAddress = true},
    {.name = "leave", .wordCount = 1},
    {.name = "remove", .wordCount = 1},
    {.name = "replace", .wordCount = 1, .hasAddress = true},
    {.name = "weight", .wordCount = 2, .endsWithNumber = true},
    {.name = "zone", .wordCount = 2},
    {.name = "replicas", .wordCount = 1, .endsWithNumber = true},
    {.name = "under-strength", .wordCount = 0},
};

Error usage(std::string text)
{
    return {ErrorCode::InvalidArgument, std::move(text)};
}

bool isNumber(const std::string& text)
{
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

} // namespace

Result<std::vector<PlanStep>> parsePlanSteps(const std::vector<std::string>& words)
{
    std::vector<PlanStep> steps;
    for (std::size_t at = 0; at < words.size();) {
        const auto kind = std::ranges::find(kinds, std::string_view(words[at]), &Kind::name);
        if (kind == std::end(kinds))
            return usage(inQuotes(words[at]) + " is no step of a plan.");
        const std::size_t next = at + 1 + kind->wordCount + (kind->hasAddress ? 1 : 0);
        if (next > words.size())
            return usage(inQuotes(words[at]) + " needs more.");
        PlanStep step{words[at], {words.begin() + std::ptrdiff_t(at + 1), words.begin() + std::ptrdiff_t(at + 1 + kind->wordCount)}, {}};
        if (kind->hasAddress)
            step.address = words[next - 1];
        if (kind->hasAddress && !parseHostPort(QString::fromStdString(step.address)))
            return usage(inQuotes(step.address) + " is no address: it needs a host and a port, as in 10.0.0.1:7400.");
        if (kind->endsWithNumber && !isNumber(step.words.back()))
            return usage(inQuotes(step.words.back()) + " is no number.");
        steps.push_back(std::move(step));
        at = next;
    }
    return steps;
}

} // namespace quoit::terminal
