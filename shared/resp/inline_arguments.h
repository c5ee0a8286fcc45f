// shared/resp/inline_arguments.h - splits a typed line into arguments, as telnet users of Redis and redis-cli's know
// it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

/// Splits at white space. In "double quotes", \n \r \t \b \a \xHH and \ before any other character are understood; in
/// 'single quotes', only \'. A quote may begin within a word, and must end one. The line ends at a NUL.
/// Source: sdssplitargs() of Redis 7. @return nullopt if quotes are unbalanced; [0] for an empty line.
std::optional<std::vector<std::string>> splitInlineArguments(std::string_view line);

} // namespace quoit
