// node/commands/command_logic.h - what each operation does to one key: Redis' semantics as pure functions.
#pragma once

#include "node/commands/command.h"
#include "node/commands/parse.h"
#include "node/core/operation.h"
#include "node/core/record.h"
#include "shared/base/bytes.h"

#include <string>

namespace quoit {

class CommandLogic : public OperationLogic
{
public:
    explicit CommandLogic(const CommandLimits& limits = {})
        : m_limits(limits)
    {}

    Applied apply(std::string_view operation, const KeyState& before, std::int64_t nowMs) const override;
    bool addsData(std::string_view operation) const override;
    /// A read operation's reply, in RESP3 bytes. @param record living, or null.
    std::string evaluate(std::string_view operation, const RecordPtr& record, std::int64_t nowMs) const;

private:
    Applied applySequence(ByteReader& reader, const KeyState& before, std::int64_t nowMs) const;
    bool sequenceAddsData(std::string_view operation) const;

    CommandLimits m_limits;
};

/// Turns one reply of CommandLogic (RESP3 bytes) into what a client of that protocol expects: only null differs.
std::string_view toProtocol(std::string_view reply, int protocol, bool nullIsArray = false);

} // namespace quoit
