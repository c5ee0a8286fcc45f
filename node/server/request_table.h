// node/server/request_table.h - what has been asked of the core and not been answered yet, found again by request id.
// Pure.
#pragma once

#include "node/commands/command.h"
#include "node/core/core.h"
#include "node/server/key_chains.h"
#include "node/server/reply_queue.h"
#include "node/server/transaction.h"
#include "shared/base/time.h"

#include <memory>
#include <string>
#include <vector>

namespace quoit {

class Session;
class KeyGather;
class LongCommand;

/// One request to the core.
struct PendingRequest
{
    enum class Kind : std::uint8_t {
        Free,
        One,   ///< one key; a read's reply is `operation` applied to the record that comes, a write's comes with the completion
        Together,    ///< several commands of one connection on one key: `together`
        Transaction, ///< what EXEC carries out: `transaction`, else as One
        Watch,       ///< a key's version, for WATCH
        Part,  ///< one key of a command on several
        Long,  ///< scans, counts, locating
    };
    Kind kind = Kind::Free;
    bool isWrite = false;
    Level level = Level::Quorum;
    std::uint8_t protocol = 2;     ///< RESP version of the reply
    std::uint32_t part = 0;        ///< index in gather
    Session* session = nullptr;    ///< lives until all its tickets are completed
    ReplyQueue::Ticket ticket = 0; ///< not for Part, Together, Long
    std::uint64_t keyHash = 0;
    std::uint64_t bytes = 0;       ///< of key and operation; not of Part, Together
    std::uint64_t longReplyBytes = 0; ///< of One: expected of a write's reply; 0: it is short
    TimePoint since{};
    const CommandSpec* spec = nullptr; ///< not of Together, Long
    std::string operation;
    std::string key; ///< of One and Transaction: its beginning, for people; of Watch: the key
    std::unique_ptr<std::vector<ChainedCommand>> together;
    std::unique_ptr<std::vector<Transaction::Parsed>> transaction;
    std::shared_ptr<KeyGather> gather;
    std::shared_ptr<LongCommand> command;
};

/// Slots that are used again; an id names a slot and its generation, so that a late second answer finds nothing.
class RequestTable
{
public:
    /// @param id set to its name. @return the slot, Kind::Free, to be filled in; valid until the next add()
    PendingRequest& add(RequestId& id)
    {
        if (m_free.empty()) {
            m_free.push_back(static_cast<std::uint32_t>(m_slots.size()));
            m_slots.emplace_back();
        }
        const std::uint32_t index = m_free.back();
        m_free.pop_back();
        id = (RequestId(m_slots[index].generation) << 32) | index;
        ++m_count;
        return m_slots[index].request;
    }
    /// @return nullptr for an id that was removed
    PendingRequest* find(RequestId id)
    {
        const auto index = static_cast<std::uint32_t>(id);
        if (index >= m_slots.size() || m_slots[index].generation != id >> 32)
            return nullptr;
        return &m_slots[index].request;
    }
    /// Takes it out.
    PendingRequest take(RequestId id)
    {
        Slot& slot = m_slots[static_cast<std::uint32_t>(id)];
        PendingRequest request = std::move(slot.request);
        slot.request = PendingRequest();
        ++slot.generation;
        m_free.push_back(static_cast<std::uint32_t>(id));
        --m_count;
        return request;
    }
    std::size_t count() const { return m_count; }

private:
    struct Slot
    {
        std::uint32_t generation = 1;
        PendingRequest request;
    };
    std::vector<Slot> m_slots;
    std::vector<std::uint32_t> m_free;
    std::size_t m_count = 0;
};

} // namespace quoit
