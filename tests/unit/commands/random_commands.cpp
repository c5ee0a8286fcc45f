#include "tests/unit/commands/random_commands.h"

#include "node/commands/command.h"

#include <array>

namespace quoit::testing {

namespace {

using namespace std::string_view_literals;

constexpr std::array keys{"a"sv, "b"sv, "c"sv, "{t}x"sv, "{t}y"sv, "\0\xff\r\n"sv, "A"sv};

constexpr std::array values{""sv,
                            "0"sv,
                            "1"sv,
                            "-1"sv,
                            "10"sv,
                            "9223372036854775807"sv,
                            "-9223372036854775808"sv,
                            "9223372036854775808"sv,
                            "9223372036854775806"sv,
                            "-9223372036854775807"sv,
                            "99999999999999999999999"sv,
                            "01"sv,
                            "+1"sv,
                            " 1"sv,
                            "1 "sv,
                            "-0"sv,
                            "-"sv,
                            "3.0"sv,
                            "3.14159"sv,
                            "-2.5e3"sv,
                            "1e400"sv,
                            "1e4932"sv,
                            "-1e4932"sv,
                            "1e5000"sv,
                            "1e-5000"sv,
                            "1e-4940"sv,
                            "0x1p3"sv,
                            "0x10"sv,
                            "inf"sv,
                            "-inf"sv,
                            "Infinity"sv,
                            "nan"sv,
                            "-nan"sv,
                            "1e17"sv,
                            "123456789012345678.5"sv,
                            ".5"sv,
                            "5."sv,
                            "-.0"sv,
                            "1e"sv,
                            "1.5 "sv,
                            "\t1"sv,
                            "1\0"sv,
                            "Hello, World"sv,
                            "a\0b\r\nc"sv,
                            "\xff\xfe\x80"sv,
                            "0.1"sv,
                            "0.00000000000000001"sv,
                            "0.000000000000000001"sv,
                            "1.0000000000000000001"sv,
                            "4294967296"sv,
                            "-4294967296"sv};

constexpr std::array integers{"0"sv,
                              "1"sv,
                              "-1"sv,
                              "2"sv,
                              "-2"sv,
                              "5"sv,
                              "-5"sv,
                              "12"sv,
                              "100"sv,
                              "-100"sv,
                              "9223372036854775807"sv,
                              "-9223372036854775808"sv,
                              "-9223372036854775807"sv,
                              "9223372036854775808"sv,
                              "-9223372036854775809"sv,
                              "9223372036854775806"sv,
                              "2147483647"sv,
                              "2147483648"sv,
                              "4294967295"sv,
                              "16777216"sv,
                              "16777217"sv,
                              "536870912"sv,
                              ""sv,
                              "x"sv,
                              "1.0"sv,
                              "1e2"sv,
                              "+1"sv,
                              "01"sv,
                              "-0"sv,
                              " 1"sv,
                              "1 "sv,
                              "1\0"sv,
                              "99999999999999999999"sv};

// In whichever unit: refused, or in the past, or so that it overflows at once.
constexpr std::array oddTimes{"0"sv,
                              "-1"sv,
                              "-100"sv,
                              "-9223372036854775808"sv,
                              "-9223372036854775807"sv,
                              "9223372036854775807"sv,
                              "9223372036854775808"sv,
                              "9223372036854775806"sv,
                              "-9223372036854775"sv,
                              "-9223372036854776"sv,
                              "-9223372036854774"sv,
                              "x"sv,
                              ""sv,
                              "1.5"sv,
                              "1e3"sv,
                              "+5"sv,
                              " 5"sv,
                              "99999999999999999999"sv};

} // namespace

std::string RandomCommands::anyCase(std::string_view text)
{
    std::string mixed(text);
    for (char& c : mixed)
        if (c >= 'a' && c <= 'z' && oneIn(3))
            c = static_cast<char>(c - 32);
    return mixed;
}

std::string RandomCommands::key()
{
    return pick(keys);
}

std::string RandomCommands::value()
{
    return oneIn(4) ? std::to_string(static_cast<std::int64_t>(m_random())) : pick(values);
}

std::string RandomCommands::integer()
{
    return oneIn(4) ? std::to_string(static_cast<std::int64_t>(m_random())) : pick(integers);
}

std::string RandomCommands::smallInteger()
{
    return std::to_string(static_cast<std::int64_t>(below(60)) - 30);
}

std::string RandomCommands::relativeTime()
{
    if (oneIn(4))
        return pick(oddTimes);
    m_counter += 20'000; // as milliseconds or seconds, more than a test takes
    constexpr std::array<std::int64_t, 4> bases{1'000'000, 100'000'000, 9'223'350'000'000'000 / 2,
                                                4'611'686'018'427'387'904};
    return std::to_string(bases[below(bases.size())] + m_counter);
}

std::string RandomCommands::absoluteTime(bool seconds)
{
    if (oneIn(4)) {
        const std::string odd = pick(oddTimes);
        // As milliseconds the very end of time is allowed, but Redis' EXPIRETIME overflows there.
        if (seconds || !odd.starts_with("92233720368547758") || odd.size() != 19 || odd.ends_with("8"))
            return odd;
    }
    // 1970, 2001, 2096 and far away
    constexpr std::array<std::int64_t, 4> bases{1, 1'000'000'000'000, 4'000'000'000'000, 9'223'000'000'000'000'000};
    const std::int64_t ms = bases[below(bases.size())] + static_cast<std::int64_t>(below(1000)) * 1'000;
    return std::to_string(seconds ? ms / 1000 : ms + static_cast<std::int64_t>(below(1000)));
}

void RandomCommands::addTimeOption(Arguments& arguments)
{
    constexpr std::array names{"ex"sv, "px"sv, "exat"sv, "pxat"sv};
    const std::size_t which = below(names.size());
    arguments.push_back(anyCase(names[which]));
    if (!oneIn(20))
        arguments.push_back(which < 2 ? relativeTime() : absoluteTime(which == 2));
}

RandomCommands::Arguments RandomCommands::set()
{
    Arguments arguments{"set", key(), value()};
    constexpr std::array flags{"nx"sv, "xx"sv, "get"sv, "keepttl"sv, "persist"sv, "foo"sv, ""sv};
    for (std::size_t options = below(4); options > 0; --options) {
        if (oneIn(2))
            addTimeOption(arguments);
        else
            arguments.push_back(anyCase(flags[below(oneIn(4) ? flags.size() : 4)]));
    }
    return arguments;
}

RandomCommands::Arguments RandomCommands::getEx()
{
    Arguments arguments{"getex", key()};
    constexpr std::array flags{"persist"sv, "persist"sv, "keepttl"sv, "get"sv, "nx"sv, "foo"sv};
    for (std::size_t options = below(3); options > 0; --options) {
        if (!oneIn(3))
            addTimeOption(arguments);
        else
            arguments.push_back(anyCase(pick(flags)));
    }
    return arguments;
}

RandomCommands::Arguments RandomCommands::expire()
{
    constexpr std::array names{"expire"sv, "pexpire"sv, "expireat"sv, "pexpireat"sv};
    const std::size_t which = below(names.size());
    Arguments arguments{std::string(names[which]), key(), which < 2 ? relativeTime() : absoluteTime(which == 2)};
    constexpr std::array flags{"nx"sv, "xx"sv, "gt"sv, "lt"sv, "foo"sv, "fo\r\no\r\n"sv, ""sv};
    for (std::size_t options = below(3); options > 0; --options)
        arguments.push_back(anyCase(flags[below(oneIn(4) ? flags.size() : 4)]));
    return arguments;
}

RandomCommands::Arguments RandomCommands::range()
{
    const auto number = [this] { return oneIn(3) ? integer() : smallInteger(); };
    if (oneIn(3)) {
        std::string offset = number();
        if (offset == "16777216" || offset == "16777217")
            offset = "16777214"; // the last that fits, with two bytes
        return {"setrange", key(), offset == "16777214" && !oneIn(50) ? "7" : offset, value()};
    }
    return {oneIn(4) ? "substr" : "getrange", key(), number(), number()};
}

RandomCommands::Arguments RandomCommands::arithmetic()
{
    switch (below(5)) {
    case 0:
        return {"incr", key()};
    case 1:
        return {"decr", key()};
    case 2:
        return {"incrby", key(), integer()};
    case 3:
        return {"decrby", key(), integer()};
    default:
        return {"incrbyfloat", key(), value()};
    }
}

RandomCommands::Arguments RandomCommands::manyKeys()
{
    constexpr std::array names{"mget"sv,   "exists"sv, "touch"sv, "mset"sv,  "mget"sv,
                               "exists"sv, "mset"sv,   "del"sv,   "unlink"sv};
    Arguments arguments{pick(names)};
    const bool isSet = arguments.front() == "mset";
    for (std::size_t count = 1 + below(3); count > 0; --count) {
        arguments.push_back(key());
        if (isSet)
            arguments.push_back(value());
    }
    if (isSet && oneIn(6))
        arguments.push_back(key());
    return arguments;
}

RandomCommands::Arguments RandomCommands::oneKey()
{
    constexpr std::array names{"get"sv,  "get"sv,    "strlen"sv,     "ttl"sv,         "pttl"sv,
                               "ttl"sv,  "pttl"sv,   "expiretime"sv, "pexpiretime"sv, "persist"sv,
                               "type"sv, "getdel"sv, "expiretime"sv};
    switch (below(8)) {
    case 0:
        return {"getset", key(), value()};
    case 1:
        return {"setnx", key(), value()};
    case 2:
        return {oneIn(2) ? "setex" : "psetex", key(), relativeTime(), value()};
    case 3:
        return {"append", key(), value()};
    default:
        return {pick(names), key()};
    }
}

RandomCommands::Arguments RandomCommands::unknown()
{
    constexpr std::array parts{"foo"sv,  "getx"sv,  ""sv,         "ge"sv,   "x\r\ny"sv,
                               "get "sv, "n\0ul"sv, "'quoted'"sv, "%s%d"sv, "\xff"sv};
    Arguments arguments;
    for (std::size_t count = 1 + below(6); count > 0; --count) {
        std::string part = pick(parts);
        if (oneIn(4))
            part.append(below(200), 'z');
        arguments.push_back(std::move(part));
    }
    return arguments;
}

RandomCommands::Arguments RandomCommands::wrongArity()
{
    const auto all = allCommands();
    for (;;) {
        const CommandSpec& spec = all[below(all.size())];
        Arguments arguments(1 + below(6), "1");
        arguments.front() = spec.name;
        if (!spec.name.starts_with("quoit.") && !arityFits(spec, arguments.size()))
            return arguments;
    }
}

std::vector<std::string> RandomCommands::next()
{
    const std::size_t dice = below(100);
    Arguments arguments = dice < 20   ? set()
                          : dice < 30 ? getEx()
                          : dice < 45 ? expire()
                          : dice < 57 ? range()
                          : dice < 70 ? arithmetic()
                          : dice < 80 ? manyKeys()
                          : dice < 96 ? oneKey()
                          : dice < 98 ? unknown()
                                      : wrongArity();
    arguments.front() = anyCase(arguments.front());
    return arguments;
}

} // namespace quoit::testing
