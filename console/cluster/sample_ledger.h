// console/cluster/sample_ledger.h - what the sample keys must hold: which version of each was acknowledged, which was tried.
// Pure. One request on a key at a time: with that, a read has one right answer, or a few after a write whose fate isn't known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

class SampleLedger
{
public:
    static constexpr std::string_view prefix = "sample:";

    explicit SampleLedger(int keyCount)
        : m_entries(std::size_t(keyCount))
    {}

    int keyCount() const { return int(m_entries.size()); }
    /// "sample:00042"
    std::string key(int index) const;

    /// The next version of a key, to be written. @return its value
    std::string beginWrite(int index);
    /// @param isAcknowledged false: it may or may not be there
    void endWrite(int index, bool isAcknowledged);
    void beginRead(int index) { m_entries[std::size_t(index)].isBusy = true; }
    /// @param value nothing: the key is absent. @return whether that can be so
    bool endRead(int index, const std::optional<std::string>& value);
    /// Without an answer.
    void endRead(int index) { m_entries[std::size_t(index)].isBusy = false; }
    bool isBusy(int index) const { return m_entries[std::size_t(index)].isBusy; }
    /// Some write of it was tried.
    bool isWritten(int index) const { return m_entries[std::size_t(index)].tried > 0; }

private:
    struct Entry
    {
        std::uint32_t acknowledged = 0; ///< version; 0: the key is absent
        std::uint32_t tried = 0;        ///< ≥ acknowledged
        bool isUnsure = false;          ///< a write without an answer may come late: older versions aren't wrong
        bool isBusy = false;
    };
    std::vector<Entry> m_entries;
};

} // namespace quoit
