// console/terminal/plan_steps.h - the steps of a plan, as they stand behind "quoit plan". Pure.
#pragma once

#include "shared/base/result.h"

#include <string>
#include <vector>

namespace quoit::terminal {

struct PlanStep
{
    std::string kind;               ///< "join", "leave", "remove", "replace", "weight", "zone", "replicas", "under-strength"
    std::vector<std::string> words; ///< behind it: a node, a number; not the address
    std::string address;            ///< of the node that comes in; empty: none does
};

/// @return what is wrong, for people, if these are no steps
Result<std::vector<PlanStep>> parsePlanSteps(const std::vector<std::string>& words);

} // namespace quoit::terminal
