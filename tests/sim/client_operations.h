// tests/sim/client_operations.h - what simulated clients ask for: real commands, through the real parser and the real logic, and one more
// that clients don't have, compare-and-set by value, which the checker can judge without knowing versions.
#pragma once

#include "node/commands/command_logic.h"
#include "tests/sim/history.h"

namespace quoit::sim {

/// The bytes of an entry's operation. @param ttlMs of a Set; 0: none
std::string encodeOperation(const HistoryEntry& entry, std::int64_t ttlMs = 0);

class ClientLogic : public OperationLogic
{
public:
    Applied apply(std::string_view operation, const KeyState& before, std::int64_t nowMs) const override;
    bool addsData(std::string_view operation) const override;

private:
    CommandLogic m_commands;
};

} // namespace quoit::sim
