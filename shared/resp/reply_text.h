// shared/resp/reply_text.h - a reply as redis-cli shows it to a person. Pure.
// Source: cliFormatReplyTTY() of Redis 7. The one difference: UTF-8 is shown as it is, not as \xHH.
#pragma once

#include "shared/resp/value.h"

#include <functional>
#include <string>
#include <string_view>

namespace quoit {

/// Takes the next piece of a text. @return false: no more is wanted
using TextSink = std::function<bool(std::string_view)>;

/// "OK", "(integer) 7", "\"text\"", "(nil)", "(error) ERR …", "1) \"a\"" in lines; verbatim strings as they are, but for the
/// CR at the end of their lines. No line end at the end.
/// In pieces, so that who shows only the beginning of a long reply doesn't pay for all of it.
/// @return false if the sink ended it
bool writeReplyText(const RespValue& reply, const TextSink& sink);

/// The same as one string.
std::string replyText(const RespValue& reply);

/// Between double quotes; what splitInlineArguments() reads as the same bytes again.
std::string quotedText(std::string_view bytes);

} // namespace quoit
