// console/terminal/json_text.h - what a node answered as JSON, for `--json`.
// Pure. Written straight from RESP values, so that fields which this build doesn't know are there too, and integers
// stay exact.
#pragma once

#include "shared/resp/value.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quoit::terminal {

/// Appends a quoted JSON string. Bytes that aren't UTF-8 become U+FFFD, one for each.
void appendJsonString(std::string& out, std::string_view text);

/// One line, no line end. Maps become objects, numbers numbers, null null; an error becomes {"error": text}.
std::string jsonText(const RespValue& value);

/// {"name": "text", ...} without a line end. @param members [n] names and JSON texts
std::string jsonObject(std::initializer_list<std::pair<std::string_view, std::string>> members);

/// ["text", 1] from JSON texts.
std::string jsonList(const std::vector<std::string>& elements);

/// The text as a JSON string.
std::string jsonString(std::string_view text);

} // namespace quoit::terminal
