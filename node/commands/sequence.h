// node/commands/sequence.h - several operations on one key that are carried out as one: encode them, take their replies apart.
// Pure. What a sequence does is CommandLogic's (sequence.cpp). Design: ARCHITECTURE.md, "Commands".
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

inline constexpr std::size_t sequenceOperationsMax = 1024;
/// What operations or replies of a sequence may take beside one value of the largest size.
inline constexpr std::size_t sequenceOverheadBytesMax = 1024 * 1024;

/// Layout: operation_codec.h.
/// @param operations  at most sequenceOperationsMax, none of them a sequence
/// @param expectedVersion  as QUOIT.GETV shows it, "0": absent. If the key's is another one, nothing is carried out and the reply is null.
std::string encodeSequence(std::span<const std::string> operations, const std::optional<std::string>& expectedVersion = {});

/// How long the reply of a writing operation is at most unless it is an error; 0: that depends on the key's value.
std::size_t shortReplyBytes(std::string_view operation);

/// The replies of a sequence's operations, in order; views into `reply`.
/// @param reply  of CommandLogic, to a sequence. @return nothing if it is no array: then the sequence was refused and changed nothing.
std::optional<std::vector<std::string_view>> splitReplies(std::string_view reply);

} // namespace quoit
