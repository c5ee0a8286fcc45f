// console/terminal/key_commands.cpp - get, set, del, scan.
#include "console/terminal/commands.h"

#include "console/terminal/input_file.h"
#include "console/terminal/json_text.h"

#include <QEventLoop>

namespace quoit::terminal {

namespace {

/// The whole file. @return nothing after a sentence on standard error
std::optional<std::string> fileContent(const std::string& name, Output& output)
{
    auto file = InputFile::open(name);
    if (!file) {
        output.complain(file.error().message);
        return std::nullopt;
    }
    InputFile& input = *file.value();
    std::string content;
    for (;;) {
        switch (input.read(content)) {
        case InputFile::Outcome::End:
            return content;
        case InputFile::Outcome::Failed:
            output.complain("\"" + name + "\": " + input.error() + ".");
            return std::nullopt;
        case InputFile::Outcome::NotYet: {
            QEventLoop loop;
            QObject::connect(&input, &InputFile::readable, &loop, &QEventLoop::quit);
            loop.exec();
            break;
        }
        case InputFile::Outcome::Bytes:
            break;
        }
    }
}

} // namespace

int runGet(Session& session, const Options& options)
{
    const auto value = session.ask({"GET", options.arguments[0]});
    if (!value)
        return session.failure();
    Output& output = session.output();
    if (options.json)
        output.line(jsonObject({{"key", jsonString(options.arguments[0])}, {"value", jsonText(*value)}}));
    else if (value->isNull())
        output.complain("There is no key \"" + printable(options.arguments[0]) + "\".");
    else if (options.raw)
        output.write(value->text);
    else
        output.line(output.isTerminal() ? readable(value->text) : value->text);
    return value->isNull() ? exitNotDone : exitDone;
}

int runSet(Session& session, const Options& options)
{
    std::string value = options.arguments.size() > 1 ? options.arguments[1] : std::string();
    if (!options.valueFile.empty()) {
        auto content = fileContent(options.valueFile, session.output());
        if (!content)
            return exitNotDone;
        value = std::move(*content);
    }
    std::vector<std::string> arguments = {"SET", options.arguments[0], std::move(value)};
    if (options.ttlMs > 0)
        arguments.insert(arguments.end(), {"PX", std::to_string(options.ttlMs)});
    if (!session.ask(arguments))
        return session.failure();
    session.output().line(options.json ? jsonObject({{"ok", "true"}}) : "OK");
    return exitDone;
}

int runDel(Session& session, const Options& options)
{
    std::vector<std::string> arguments = {"DEL"};
    arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
    // Repeated, it would count what it had deleted itself as missing.
    const auto count = session.ask(arguments, false);
    if (!count)
        return session.failure();
    if (options.json)
        session.output().line(jsonObject({{"deleted", jsonText(*count)}}));
    else
        session.output().line(countText(static_cast<std::uint64_t>(count->integerValue)) + " deleted");
    return count->integerValue > 0 ? exitDone : exitNotDone;
}

int runScan(Session& session, const Options& options)
{
    std::string cursor = "0";
    std::uint64_t listed = 0;
    do {
        std::vector<std::string> arguments = {"SCAN", cursor, "COUNT", "1000"};
        if (!options.match.empty())
            arguments.insert(arguments.end(), {"MATCH", options.match});
        const auto page = session.ask(arguments);
        if (!page)
            return session.failure();
        if (page->elements.size() != 2)
            return session.refuse("That is no answer to SCAN; is " + session.address() + " a Quoit node?");
        std::string text;
        for (const RespValue& key : page->elements[1].elements) {
            if (options.limit > 0 && listed == options.limit)
                break;
            ++listed;
            if (options.json)
                appendJsonString(text, key.text);
            else
                text += session.output().isTerminal() ? printable(key.text) : key.text;
            text += "\n";
        }
        session.output().write(text);
        cursor = page->elements[0].asText();
    } while (cursor != "0" && (options.limit == 0 || listed < options.limit));
    return exitDone;
}

} // namespace quoit::terminal
