// console/terminal/options.h - what the command line of `quoit` asks for.
// Pure: reads argv only; opens no file, looks at no environment.
#pragma once

#include "shared/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quoit::terminal {

enum class Command {
    Help,
    Version,
    Status,
    Ring,
    Nodes,
    Locate,
    Get,
    Set,
    Del,
    Scan,
    Import,
    Export,
    Watch,
    Stats,
    Hot,
    Create,
    Dev,
    Plan,
    Apply,
    Abort,
    Pause,
    Resume,
    Throttle,
    Changes,
};

/// How records lie in a file that is imported or exported.
enum class FileFormat { Automatic, Csv, Tsv, JsonLines };

/// A column of a file: by its name in the header, or by its number from 1 on.
struct ColumnName
{
    std::string text;

    bool operator==(const ColumnName&) const = default;
};

/// What `import` and `export` need to know about a file.
struct FileOptions
{
    FileFormat format = FileFormat::Automatic;
    std::optional<char> delimiter; ///< none: comma, or the tabulator for TSV
    bool hasHeader = true;
    bool hasQuotes = true;                 ///< false: '"' is a character like any other
    std::optional<ColumnName> keyColumn;   ///< none: "key" where there is such a column, else the first
    std::optional<ColumnName> valueColumn; ///< none: "value" where there is such a column, else the whole record
    std::optional<ColumnName> ttlColumn;   ///< none: "ttl_ms" where there is such a column; ms that the key has left
    std::string keyPrefix;                 ///< import: put before every key
};

/// The whole command line, checked. Which members count depends on the command.
struct Options
{
    Command command = Command::Help;
    std::vector<std::string> arguments; ///< what isn't an option: keys, addresses, a file
    std::string address = "127.0.0.1:7400";
    bool isAddressGiven = false;
    bool json = false;
    bool quiet = false;         ///< no progress bar
    std::optional<bool> colour; ///< none: as the terminal is

    FileOptions file;
    std::string match;            ///< scan, export: a glob pattern; empty: all keys
    std::uint64_t limit = 0;      ///< scan: keys, 0: all; watch: pushes, 0: until Ctrl+C; hot: keys, 0: 10
    std::uint32_t window = 256;   ///< import, export: requests in flight, 1 … 10,000
    std::uint32_t errorsMax = 20; ///< import: failed lines that are listed
    std::int64_t ttlMs = 0;       ///< set: 0: none
    std::string valueFile;        ///< set: the value's file, "-": standard input; empty: the value is an argument
    bool raw = false;             ///< get: exactly the value's bytes, no line end

    std::uint32_t replicas = 3;
    std::uint32_t partitions = 1024;
    std::uint32_t vnodes = 16;
    std::uint32_t nodes = 5;
    std::optional<std::uint16_t> port; ///< dev: the first node's; none: 7400 if it and the next ones are free
    std::string dataDir;               ///< dev: empty: a temporary folder
};

/// @param arguments without the program's name
/// @return InvalidArgument with a sentence that says what is wrong and a hint, to be shown before exit code 2
Result<Options> parseOptions(const std::vector<std::string>& arguments);

/// What `quoit help [COMMAND]` prints. @param command empty: all commands. Ends with a line end.
std::string helpText(std::string_view command = {});

/// True for the name of a command.
bool isCommand(std::string_view name);

/// "250ms", "90s", "15m", "2h", "7d", or a bare number of seconds. @return ms > 0; nothing for anything else
std::optional<std::int64_t> parseDuration(std::string_view text);

} // namespace quoit::terminal
