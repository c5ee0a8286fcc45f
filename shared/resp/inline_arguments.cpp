#include "shared/resp/inline_arguments.h"

namespace quoit {

namespace {

bool isSpace(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

int hexDigit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

char unescaped(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'b':
        return '\b';
    case 'a':
        return '\a';
    default:
        return c;
    }
}

/// Cuts one line from the left; every function leaves m_rest behind what it took.
class LineSplitter
{
public:
    explicit LineSplitter(std::string_view line)
        : m_rest(line.substr(0, line.find('\0')))
    {}

    bool atEnd()
    {
        while (!m_rest.empty() && isSpace(m_rest.front()))
            m_rest.remove_prefix(1);
        return m_rest.empty();
    }

    /// One argument. @return false if its quotes are unbalanced.
    bool take(std::string& argument)
    {
        while (!m_rest.empty()) {
            const char c = takeChar();
            if (c == '"')
                return takeDoubleQuoted(argument);
            if (c == '\'')
                return takeSingleQuoted(argument);
            if (c == ' ' || c == '\n' || c == '\r' || c == '\t')
                return true;
            argument.push_back(c);
        }
        return true;
    }

private:
    char takeChar()
    {
        const char c = m_rest.front();
        m_rest.remove_prefix(1);
        return c;
    }

    bool takeDoubleQuoted(std::string& argument)
    {
        while (!m_rest.empty()) {
            const char c = takeChar();
            if (c == '"')
                return quoteEndsWord();
            if (c != '\\' || m_rest.empty()) {
                argument.push_back(c);
                continue;
            }
            const bool isHex =
                m_rest.size() >= 3 && m_rest[0] == 'x' && hexDigit(m_rest[1]) >= 0 && hexDigit(m_rest[2]) >= 0;
            if (isHex) {
                argument.push_back(static_cast<char>(hexDigit(m_rest[1]) * 16 + hexDigit(m_rest[2])));
                m_rest.remove_prefix(3);
            } else {
                argument.push_back(unescaped(takeChar()));
            }
        }
        return false;
    }

    bool takeSingleQuoted(std::string& argument)
    {
        while (!m_rest.empty()) {
            const char c = takeChar();
            if (c == '\'')
                return quoteEndsWord();
            if (c == '\\' && !m_rest.empty() && m_rest.front() == '\'')
                argument.push_back(takeChar());
            else
                argument.push_back(c);
        }
        return false;
    }

    bool quoteEndsWord() const { return m_rest.empty() || isSpace(m_rest.front()); }

    std::string_view m_rest;
};

} // namespace

std::optional<std::vector<std::string>> splitInlineArguments(std::string_view line)
{
    std::vector<std::string> arguments;
    LineSplitter splitter(line);
    while (!splitter.atEnd()) {
        std::string argument;
        if (!splitter.take(argument))
            return std::nullopt;
        arguments.push_back(std::move(argument));
    }
    return arguments;
}

} // namespace quoit
