#include "console/terminal/options.h"

#include "console/terminal/plan_steps.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <span>

namespace quoit::terminal {

namespace {

struct CommandRow
{
    Command command;
    std::string_view name;
    std::string_view synopsis;
    std::string_view summary;
    std::size_t argumentsMin;
    std::size_t argumentsMax;
};

constexpr std::size_t any = std::numeric_limits<std::size_t>::max();

constexpr CommandRow commandTable[] = {
    {Command::Status, "status", "", "Is the cluster well, and if not, what is wrong", 0, 0},
    {Command::Ring, "ring", "", "Who owns how much of the ring; with --json every partition", 0, 0},
    {Command::Nodes, "nodes", "", "All nodes with state and load", 0, 0},
    {Command::Stats, "stats", "", "All figures that the asked node measures of itself", 0, 0},
    {Command::Hot, "hot", "", "The keys that clients ask for most right now, in the whole cluster", 0, 0},
    {Command::Watch, "watch", "", "The same live, once a second, until Ctrl+C", 0, 0},
    {Command::Locate, "locate", "KEY", "Where a key lies and what each replica holds of it", 1, 1},
    {Command::Get, "get", "KEY", "Print a value", 1, 1},
    {Command::Set, "set", "KEY VALUE", "Write a value (or --from FILE instead of VALUE)", 1, 2},
    {Command::Del, "del", "KEY...", "Delete keys and say how many there were", 1, any},
    {Command::Scan, "scan", "", "List the keys, in no order", 0, 0},
    {Command::Import, "import", "FILE", "Write the records of a CSV, TSV or JSON Lines file; - reads standard input", 1,
     1},
    {Command::Export, "export", "FILE", "Write all keys, values and TTLs to a file; - writes to standard output", 1, 1},
    {Command::Create, "create", "ADDRESS...", "Form a cluster from nodes that wait for one", 1, any},
    {Command::Plan, "plan", "STEP...",
     "What a change of the ring would mean: join ADDRESS, leave NODE, remove NODE, replace NODE ADDRESS, weight NODE W, zone NODE Z, "
     "replicas N; under-strength allows fewer nodes than replicas",
     1, any},
    {Command::Apply, "apply", "PLAN", "Begin a planned change; made at the same node as the plan", 1, 1},
    {Command::Abort, "abort", "[NUMBER]", "End the change in progress, or one that waits; the ring stays as before", 0, 1},
    {Command::Pause, "pause", "", "Stop copying for the change in progress", 0, 0},
    {Command::Resume, "resume", "", "Go on with a paused change", 0, 0},
    {Command::Throttle, "throttle", "MB/S", "How much each node may copy for a change; 0: no limit", 1, 1},
    {Command::Changes, "changes", "", "The change in progress, how far it is, and those that wait", 0, 0},
    {Command::Dev, "dev", "", "Run a cluster on this machine, in the foreground, with a live view", 0, 0},
    {Command::Help, "help", "[COMMAND]", "This help", 0, 1},
    {Command::Version, "version", "", "The version of this program", 0, 0},
};

const CommandRow* findCommand(std::string_view name)
{
    const auto* row = std::ranges::find(commandTable, name, &CommandRow::name);
    return row == std::end(commandTable) ? nullptr : row;
}

const CommandRow& rowOf(Command command)
{
    return *std::ranges::find(commandTable, command, &CommandRow::command);
}

/// An option's effect: false when its value can't be used.
using Apply = std::function<bool(Options&, std::string_view)>;

struct OptionRow
{
    std::string_view name;
    std::string_view valueName; ///< empty: takes none
    std::string_view summary;
    std::vector<Command> commands; ///< empty: all
    Apply apply;
};

bool toNumber(std::string_view text, std::uint64_t min, std::uint64_t max, auto& target)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < min || value > max)
        return false;
    target = static_cast<std::remove_reference_t<decltype(target)>>(value);
    return true;
}

bool toDelimiter(std::string_view text, Options& options)
{
    if (text == "\\t" || text == "tab")
        options.file.delimiter = '\t';
    else if (text.size() == 1 && text != "\"" && text != "\n" && text != "\r")
        options.file.delimiter = text.front();
    return options.file.delimiter.has_value();
}

bool toFormat(std::string_view text, Options& options)
{
    if (text == "csv")
        options.file.format = FileFormat::Csv;
    else if (text == "tsv")
        options.file.format = FileFormat::Tsv;
    else if (text == "jsonl")
        options.file.format = FileFormat::JsonLines;
    return options.file.format != FileFormat::Automatic;
}

bool toColumn(std::string_view text, std::optional<ColumnName>& column)
{
    column = ColumnName{std::string(text)};
    return !text.empty() && text != "0";
}

bool toColour(std::string_view text, Options& options)
{
    if (text == "always" || text == "never")
        options.colour = text == "always";
    return options.colour || text == "auto";
}

bool toAddress(std::string_view text, Options& options)
{
    options.address = text;
    options.isAddressGiven = true;
    return !text.empty();
}

bool toTtl(std::string_view text, Options& options)
{
    options.ttlMs = parseDuration(text).value_or(0);
    return options.ttlMs > 0;
}

std::vector<OptionRow> generalRows()
{
    using O = Options;
    using V = std::string_view;
    return {
        {"--connect",
         "HOST:PORT",
         "Any node of the cluster (127.0.0.1:7400); short: -c",
         {},
         [](O& o, V v) { return toAddress(v, o); }},
        {"--json", "", "For programs: JSON on standard output", {}, [](O& o, V) { return o.json = true; }},
        {"--colour",
         "WHEN",
         "auto, always or never (auto: on a terminal, unless NO_COLOR is set)",
         {},
         [](O& o, V v) { return toColour(v, o); }},
    };
}

std::vector<OptionRow> keyRows()
{
    using O = Options;
    using V = std::string_view;
    return {
        {"--ttl",
         "TIME",
         "Delete the key after this time: 250ms, 90s or 90, 15m, 2h, 7d",
         {Command::Set},
         [](O& o, V v) { return toTtl(v, o); }},
        {"--from",
         "FILE",
         "Read the value from a file; - is standard input",
         {Command::Set},
         [](O& o, V v) {
             o.valueFile = v;
             return !v.empty();
         }},
        {"--raw", "", "Exactly the value's bytes, no line end", {Command::Get}, [](O& o, V) { return o.raw = true; }},
        {"--match",
         "PATTERN",
         "Only keys that match, with * ? [a-z] as in Redis",
         {Command::Scan, Command::Export},
         [](O& o, V v) {
             o.match = v;
             return !v.empty();
         }},
        {"--limit",
         "N",
         "Stop after N keys",
         {Command::Scan},
         [](O& o, V v) { return toNumber(v, 1, 1ULL << 60, o.limit); }},
        {"--count",
         "N",
         "Stop after N seconds' reports",
         {Command::Watch},
         [](O& o, V v) { return toNumber(v, 1, 1ULL << 60, o.limit); }},
        {"--keys",
         "N",
         "At most so many keys (10)",
         {Command::Hot},
         [](O& o, V v) { return toNumber(v, 1, 100, o.limit); }},
    };
}

std::vector<OptionRow> clusterRows()
{
    using O = Options;
    using V = std::string_view;
    return {
        {"--replicas",
         "N",
         "Copies of every key, 1 - 7 (3)",
         {Command::Create, Command::Dev},
         [](O& o, V v) { return toNumber(v, 1, 7, o.replicas); }},
        {"--partitions",
         "N",
         "Slices of the ring, a power of two, 16 - 16384 (1024)",
         {Command::Create, Command::Dev},
         [](O& o, V v) { return toNumber(v, 16, 16384, o.partitions) && (o.partitions & (o.partitions - 1)) == 0; }},
        {"--vnodes",
         "N",
         "Tokens of a node of weight 1, 1 - 1024 (16)",
         {Command::Create, Command::Dev},
         [](O& o, V v) { return toNumber(v, 1, 1024, o.vnodes); }},
        {"--nodes",
         "N",
         "Nodes to run, 1 - 9 (5)",
         {Command::Dev},
         [](O& o, V v) { return toNumber(v, 1, 9, o.nodes); }},
        {"--port",
         "PORT",
         "The first node's, the next ones count up; 0: free ones (7400 and up if they are free)",
         {Command::Dev},
         [](O& o, V v) { return toNumber(v, 0, 65000, o.port.emplace()); }},
        {"--dir",
         "DIR",
         "Keep the data here (else in a temporary folder, deleted at the end)",
         {Command::Dev},
         [](O& o, V v) {
             o.dataDir = v;
             return !v.empty();
         }},
    };
}

std::vector<OptionRow> fileRows()
{
    using O = Options;
    using V = std::string_view;
    const std::vector<Command> both = {Command::Import, Command::Export};
    const std::vector<Command> in = {Command::Import};
    return {
        {"--format", "FORMAT", "csv, tsv or jsonl (else by the file's name)", both,
         [](O& o, V v) { return toFormat(v, o); }},
        {"--delimiter", "CHAR", "Between the fields; \\t or tab for the tabulator", both,
         [](O& o, V v) { return toDelimiter(v, o); }},
        {"--no-header", "", "The first line is a record, not the columns' names", both,
         [](O& o, V) { return !(o.file.hasHeader = false); }},
        {"--no-quotes", "", "\" is a character like any other", in,
         [](O& o, V) { return !(o.file.hasQuotes = false); }},
        {"--key-column", "COLUMN", "By number from 1 on, or by name (key, else the first)", in,
         [](O& o, V v) { return toColumn(v, o.file.keyColumn); }},
        {"--value-column", "COLUMN", "Likewise (value, else the whole record)", in,
         [](O& o, V v) { return toColumn(v, o.file.valueColumn); }},
        {"--ttl-column", "COLUMN", "Likewise; ms that a key has left, empty: for ever (ttl_ms, else none)", in,
         [](O& o, V v) { return toColumn(v, o.file.ttlColumn); }},
        {"--key-prefix", "TEXT", "Put before every key", in,
         [](O& o, V v) {
             o.file.keyPrefix = v;
             return true;
         }},
        {"--errors", "N", "List at most N failed lines (20)", in,
         [](O& o, V v) { return toNumber(v, 0, 1000000, o.errorsMax); }},
        {"--window", "N", "Requests in flight at most, 1 - 10000 (256)", both,
         [](O& o, V v) { return toNumber(v, 1, 10000, o.window); }},
        {"--quiet",
         "",
         "No progress",
         {Command::Import, Command::Export, Command::Create},
         [](O& o, V) { return o.quiet = true; }},
    };
}

const std::vector<OptionRow>& optionTable()
{
    static const std::vector<OptionRow> table = [] {
        std::vector<OptionRow> rows = generalRows();
        for (auto& more : {keyRows(), fileRows(), clusterRows()})
            rows.insert(rows.end(), more.begin(), more.end());
        return rows;
    }();
    return table;
}

const OptionRow* findOption(std::string_view name)
{
    if (name == "-c")
        name = "--connect";
    if (name == "--color")
        name = "--colour";
    const auto row = std::ranges::find(optionTable(), name, &OptionRow::name);
    return row == optionTable().end() ? nullptr : &*row;
}

bool allows(const OptionRow& row, Command command)
{
    return row.commands.empty() || std::ranges::find(row.commands, command) != row.commands.end();
}

/// The Levenshtein distance, for "did you mean".
std::size_t distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

/// " Did you mean “x”?" for the nearest of the names, or nothing when none is near.
std::string didYouMean(std::string_view given, const std::vector<std::string_view>& names)
{
    const auto nearest = std::ranges::min_element(names, {}, [&](std::string_view n) { return distance(given, n); });
    if (nearest == names.end() || distance(given, *nearest) > 2)
        return {};
    return " Did you mean \"" + std::string(*nearest) + "\"?";
}

Error usage(std::string message, std::string_view command = {})
{
    message += command.empty() ? " \"quoit help\" lists all commands."
                               : " \"quoit help " + std::string(command) + "\" says more.";
    return {ErrorCode::InvalidArgument, std::move(message)};
}

Result<void> checkArguments(const Options& options)
{
    const CommandRow& row = rowOf(options.command);
    const std::size_t count = options.arguments.size();
    if (count < row.argumentsMin)
        return usage("\"" + std::string(row.name) + "\" needs " + std::string(row.synopsis) +
                         (row.synopsis.ends_with("...") ? "" : "."),
                     row.name);
    if (count > row.argumentsMax)
        return usage("\"" + std::string(row.name) + "\" doesn't know what to do with \"" +
                         options.arguments[row.argumentsMax] + "\".",
                     row.name);
    if (options.command == Command::Set && (count == 2) != options.valueFile.empty())
        return usage("\"set\" needs either VALUE or --from FILE.", "set");
    if (options.command == Command::Plan) {
        if (const auto steps = parsePlanSteps(options.arguments); !steps)
            return usage(steps.error().message, row.name);
    }
    const bool wantsNumber = options.command == Command::Apply || options.command == Command::Abort || options.command == Command::Throttle;
    std::uint64_t number = 0;
    if (wantsNumber && count == 1 && !toNumber(options.arguments[0], 0, std::numeric_limits<std::int64_t>::max(), number))
        return usage("\"" + options.arguments[0] + "\" is no number.", row.name);
    if (options.command == Command::Help && count == 1 && !isCommand(options.arguments[0]))
        return usage("There is no command \"" + options.arguments[0] + "\".");
    return {};
}

/// Walks over argv once; options may stand before and after the command, "--" ends them.
class Parser
{
public:
    explicit Parser(const std::vector<std::string>& arguments)
        : m_rest(arguments)
    {}

    Result<Options> parse()
    {
        while (!m_rest.empty()) {
            const std::string& word = m_rest.front();
            m_rest = m_rest.subspan(1);
            Result<void> taken = isOption(word) ? takeOption(word) : takeWord(word);
            if (!taken)
                return taken.error();
        }
        if (!m_command)
            return m_options; // just "quoit": help
        for (const OptionRow* row : m_given)
            if (!allows(*row, m_command->command))
                return usage(std::string(row->name) + " doesn't go with \"" + std::string(m_command->name) + "\".",
                             m_command->name);
        if (auto checked = checkArguments(m_options); !checked)
            return checked.error();
        return m_options;
    }

private:
    /// "-" is a file and "-5" a value.
    bool isOption(const std::string& word) const
    {
        return !m_optionsEnded && word.size() > 1 && word[0] == '-' && (word[1] < '0' || word[1] > '9');
    }

    Result<void> takeWord(const std::string& word)
    {
        if (m_command) {
            m_options.arguments.push_back(word);
            return {};
        }
        m_command = findCommand(word);
        if (m_command) {
            m_options.command = m_command->command;
            return {};
        }
        std::vector<std::string_view> names;
        for (const CommandRow& row : commandTable)
            names.push_back(row.name);
        return usage("There is no command \"" + word + "\"." + didYouMean(word, names));
    }

    Result<void> takeOption(const std::string& word)
    {
        if (word == "--") {
            m_optionsEnded = true;
            return {};
        }
        if (word == "--help" || word == "-h" || word == "--version") {
            if (word != "--version" && m_command)
                m_options.arguments = {std::string(m_command->name)};
            else
                m_options.arguments.clear();
            m_options.command = word == "--version" ? Command::Version : Command::Help;
            m_command = &rowOf(m_options.command);
            m_given.clear();
            m_rest = {};
            return {};
        }
        const std::size_t equals = word.starts_with("--") ? word.find('=') : std::string::npos;
        const std::string name = word.substr(0, equals);
        const OptionRow* row = findOption(name);
        if (!row)
            return unknownOption(name);
        std::string value;
        if (equals != std::string::npos)
            value = word.substr(equals + 1);
        if (row->valueName.empty() && equals != std::string::npos)
            return usage(name + " takes no value.", commandName());
        if (!row->valueName.empty() && equals == std::string::npos) {
            if (m_rest.empty())
                return usage(name + " needs " + std::string(row->valueName) + ".", commandName());
            value = m_rest.front();
            m_rest = m_rest.subspan(1);
        }
        if (!row->apply(m_options, value))
            return wrongValue(*row, name, value);
        m_given.push_back(row);
        return {};
    }

    Result<void> wrongValue(const OptionRow& row, const std::string& name, const std::string& value) const
    {
        std::string text = "\"";
        text.append(value).append("\" is nothing for ").append(name).append(": ").append(row.summary).append(".");
        return usage(text, commandName());
    }

    Result<void> unknownOption(const std::string& name) const
    {
        std::vector<std::string_view> names;
        for (const OptionRow& row : optionTable())
            if (!m_command || allows(row, m_command->command))
                names.push_back(row.name);
        return usage("There is no option " + name + "." + didYouMean(name, names), commandName());
    }

    std::string_view commandName() const { return m_command ? m_command->name : std::string_view(); }

    std::span<const std::string> m_rest;
    Options m_options;
    const CommandRow* m_command = nullptr;
    std::vector<const OptionRow*> m_given;
    bool m_optionsEnded = false;
};

std::string padded(std::string text, std::size_t width)
{
    text.resize(std::max(text.size() + 2, width), ' ');
    return text;
}

/// The summary behind the name, on as many lines as it takes.
std::string helpRow(std::string name, std::size_t indent, std::string_view summary)
{
    constexpr std::size_t columnsMax = 100;
    std::string text = indent > 0 ? padded(std::move(name), indent) : std::move(name);
    std::size_t used = text.size();
    for (bool first = true; !summary.empty(); first = false) {
        const std::size_t space = std::min(summary.find(' '), summary.size());
        if (!first && used + 1 + space > columnsMax) {
            text += '\n' + std::string(indent, ' ');
            used = indent;
        } else if (!first) {
            text += ' ';
            ++used;
        }
        text += summary.substr(0, space);
        used += space;
        summary.remove_prefix(std::min(space + 1, summary.size()));
    }
    return text + '\n';
}

std::string optionLine(const OptionRow& row)
{
    std::string name = "  " + std::string(row.name);
    if (!row.valueName.empty())
        name += " " + std::string(row.valueName);
    return helpRow(std::move(name), 26, row.summary);
}

} // namespace

Result<Options> parseOptions(const std::vector<std::string>& arguments)
{
    return Parser(arguments).parse();
}

bool isCommand(std::string_view name)
{
    return findCommand(name) != nullptr;
}

std::string helpText(std::string_view command)
{
    const CommandRow* only = findCommand(command);
    std::string text;
    if (only) {
        text = "quoit " + std::string(only->name) + (only->synopsis.empty() ? "" : " ") + std::string(only->synopsis) +
               " [options]\n\n" + helpRow({}, 0, std::string(only->summary) + '.') + "\nOptions\n";
        for (const OptionRow& row : optionTable())
            if (allows(row, only->command))
                text += optionLine(row);
        return text;
    }
    text = "quoit [-c HOST:PORT] COMMAND [options]\n\nCommands\n";
    for (const CommandRow& row : commandTable)
        text += helpRow("  " + std::string(row.name) + " " + std::string(row.synopsis), 22, row.summary);
    text += "\nOptions of all commands\n";
    for (const OptionRow& row : optionTable())
        if (row.commands.empty())
            text += optionLine(row);
    return text + "\n\"quoit help COMMAND\" lists a command's own options.\n"
                  "Exit status: 0 done, 1 not (no such key, failed lines, refused), 2 wrong usage, 3 no connection.\n";
}

std::optional<std::int64_t> parseDuration(std::string_view text)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    std::int64_t scale = 0;
    if (unit == "ms")
        scale = 1;
    else if (unit.empty() || unit == "s")
        scale = 1000;
    else if (unit == "m" || unit == "min")
        scale = 60'000;
    else if (unit == "h")
        scale = 3'600'000;
    else if (unit == "d")
        scale = 86'400'000;
    if (error != std::errc() || scale == 0 || value <= 0 ||
        value > std::numeric_limits<std::int64_t>::max() / 2 / scale)
        return std::nullopt;
    return value * scale;
}

} // namespace quoit::terminal
