// tests/unit/peer/sample_messages.h - one fixed message of each type for the golden bytes, and random ones from a seed.
#pragma once

#include "node/core/messages.h"
#include "shared/base/random.h"

#include <string>
#include <vector>

namespace quoit::testing {

struct NamedMessage
{
    std::string name; ///< of its golden file
    Message message;
};

/// At least one of each type, together with every optional part; fixed for ever under one protocol version.
std::vector<NamedMessage> fixedMessages();

/// A message of the type with that index in MessageBody.
Message randomMessage(Random& random, std::size_t typeIndex);

/// Field by field; records and maps by what they hold.
bool same(const Message& a, const Message& b);

} // namespace quoit::testing
