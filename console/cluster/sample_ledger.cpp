#include "console/cluster/sample_ledger.h"

#include <charconv>
#include <cstdio>

namespace quoit {

namespace {

constexpr std::string_view valueBegin = "{\"version\":";

std::string valueOf(int index, std::uint32_t version)
{
    return std::string(valueBegin) + std::to_string(version) + ",\"id\":" + std::to_string(index) +
           ",\"note\":\"Written by the tour; it may be deleted.\"}";
}

std::optional<std::uint32_t> versionIn(std::string_view value)
{
    if (!value.starts_with(valueBegin))
        return std::nullopt;
    value.remove_prefix(valueBegin.size());
    std::uint32_t version = 0;
    const auto result = std::from_chars(value.data(), value.data() + value.size(), version);
    return result.ec == std::errc() ? std::optional(version) : std::nullopt;
}

} // namespace

std::string SampleLedger::key(int index) const
{
    char digits[16];
    std::snprintf(digits, sizeof digits, "%05d", index);
    return std::string(prefix) + digits;
}

std::string SampleLedger::beginWrite(int index)
{
    Entry& entry = m_entries[std::size_t(index)];
    entry.isBusy = true;
    return valueOf(index, ++entry.tried);
}

void SampleLedger::endWrite(int index, bool isAcknowledged)
{
    Entry& entry = m_entries[std::size_t(index)];
    entry.isBusy = false;
    if (isAcknowledged)
        entry.acknowledged = entry.tried;
    else
        entry.isUnsure = true;
}

bool SampleLedger::endRead(int index, const std::optional<std::string>& value)
{
    Entry& entry = m_entries[std::size_t(index)];
    entry.isBusy = false;
    const std::optional<std::uint32_t> version = value ? versionIn(*value) : std::optional<std::uint32_t>(0);
    return version && *version <= entry.tried && (entry.isUnsure || *version == entry.acknowledged) &&
           (!value || *value == valueOf(index, *version));
}

} // namespace quoit
