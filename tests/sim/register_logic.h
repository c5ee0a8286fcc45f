// tests/sim/register_logic.h - the operations of the simulator's workload, through the same sequential specification as the checker's.
#pragma once

#include "node/core/operation.h"
#include "tests/sim/history.h"

namespace quoit::sim {

/// The bytes of an entry's operation.
std::string encodeOperation(const HistoryEntry& entry);

class RegisterLogic : public OperationLogic
{
public:
    Applied apply(std::string_view operation, const KeyState& before, std::int64_t nowMs) const override;
};

} // namespace quoit::sim
