#include "console/terminal/import_source.h"

#include "console/terminal/text.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <charconv>
#include <utility>

namespace quoit::terminal {

namespace {

std::optional<std::uint64_t> toCount(std::string_view text)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

RecordReader::Format readerFormat(const FileOptions& options, FileFormat format)
{
    RecordReader::Format reader;
    reader.delimiter = delimiterOf(options, format);
    reader.hasQuotes = options.hasQuotes;
    reader.hasFields = format != FileFormat::JsonLines;
    return reader;
}

void checkLimits(ImportItem& item)
{
    if (!item.error.empty())
        return;
    if (item.key.empty())
        item.error = "the key is empty";
    else if (item.key.size() > keyBytesMax)
        item.error = "the key is longer than 32 KiB";
    else if (item.value.size() > valueBytesMax)
        item.error = "the value is longer than 16 MiB";
}

void takeTtl(ImportItem& item, std::string_view text)
{
    if (text.empty())
        return;
    const auto ttl = toCount(text);
    constexpr std::uint64_t ttlMsMax = 1ULL << 53; // 285,000 years; what JSON carries exactly
    if (!ttl || *ttl == 0 || *ttl > ttlMsMax)
        item.error = "the TTL \"" + cutToColumns(printable(text), 40) + "\" is no positive number of milliseconds";
    else
        item.ttlMs = static_cast<std::int64_t>(*ttl);
}

std::string compactJson(const QJsonValue& value)
{
    if (value.isString())
        return value.toString().toStdString();
    if (value.isObject())
        return QJsonDocument(value.toObject()).toJson(QJsonDocument::Compact).toStdString();
    // Only documents print themselves, and a document is a list or an object: take the brackets off a list of one.
    const QByteArray list = QJsonDocument(QJsonArray{value}).toJson(QJsonDocument::Compact);
    return list.mid(1, list.size() - 2).toStdString();
}

/// The text of the member `name`, or of `name`_base64 decoded; nothing when there is neither.
std::optional<std::string> memberText(const QJsonObject& object, const std::string& name, std::string& error)
{
    const QString plain = QString::fromStdString(name);
    if (const auto found = object.find(plain); found != object.end())
        return compactJson(*found);
    const auto found = object.find(plain + QStringLiteral("_base64"));
    if (found == object.end())
        return std::nullopt;
    const auto decoded =
        QByteArray::fromBase64Encoding(found->toString().toLatin1(), QByteArray::AbortOnBase64DecodingErrors);
    if (!decoded || !found->isString())
        error = name + "_base64 is no base64";
    return decoded.decoded.toStdString();
}

} // namespace

Result<FileFormat> formatOf(const FileOptions& options, const std::string& fileName)
{
    if (options.format != FileFormat::Automatic)
        return options.format;
    const auto ends = [&](std::string_view suffix) {
        return fileName.size() >= suffix.size() &&
               std::equal(suffix.begin(), suffix.end(), fileName.end() - static_cast<std::ptrdiff_t>(suffix.size()),
                          [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); });
    };
    if (ends(".jsonl") || ends(".ndjson"))
        return FileFormat::JsonLines;
    if (ends(".tsv") || ends(".tab"))
        return FileFormat::Tsv;
    if (ends(".csv") || options.delimiter)
        return FileFormat::Csv;
    return Error{ErrorCode::InvalidArgument,
                 "The name of \"" + fileName +
                     "\" doesn't say what is in it: give --format csv, tsv or jsonl, or --delimiter CHAR."};
}

char delimiterOf(const FileOptions& options, FileFormat format)
{
    return options.delimiter.value_or(format == FileFormat::Tsv ? '\t' : ',');
}

ImportSource::ImportSource(FileOptions options, FileFormat format)
    : m_options(std::move(options))
    , m_isJson(format == FileFormat::JsonLines)
    , m_reader(readerFormat(m_options, format))
    , m_isHeaderDue(!m_isJson && m_options.hasHeader)
{
    if (!m_isJson && !m_options.hasHeader) {
        m_keyIndex = columnIndex(m_options.keyColumn, "", nullptr).value_or(0);
        m_valueIndex = columnIndex(m_options.valueColumn, "", nullptr);
        m_ttlIndex = columnIndex(m_options.ttlColumn, "", nullptr);
    }
}

std::optional<ImportItem> ImportSource::next()
{
    std::optional<Record> record = m_fatalError.empty() ? m_reader.next() : std::nullopt;
    if (record && m_isHeaderDue) {
        m_isHeaderDue = false;
        takeHeader(*record);
        record = m_fatalError.empty() ? m_reader.next() : std::nullopt;
    }
    if (!record)
        return std::nullopt;
    ImportItem item;
    item.line = record->line;
    if (!record->error.empty())
        item.error = std::move(record->error);
    else
        item = m_isJson ? fromJson(std::move(*record)) : fromFields(std::move(*record));
    checkLimits(item);
    return item;
}

void ImportSource::takeHeader(const Record& header)
{
    if (!header.error.empty()) {
        m_fatalError = "The header (line " + std::to_string(header.line) + ") can't be read: " + header.error + ".";
        return;
    }
    m_keyIndex = columnIndex(m_options.keyColumn, "key", &header).value_or(0);
    m_valueIndex = columnIndex(m_options.valueColumn, "value", &header);
    m_ttlIndex = columnIndex(m_options.ttlColumn, "ttl_ms", &header);
}

/// @param header nullptr: there is none. @return from 0 on; nothing when none was asked for and the usual one isn't
/// there
std::optional<std::size_t> ImportSource::columnIndex(const std::optional<ColumnName>& wanted, const char* usualName,
                                                     const Record* header)
{
    const auto named = [&](std::string_view name) -> std::optional<std::size_t> {
        if (!header)
            return std::nullopt;
        const auto found = std::ranges::find(header->fields, name);
        if (found == header->fields.end())
            return std::nullopt;
        return static_cast<std::size_t>(found - header->fields.begin());
    };
    if (!wanted)
        return named(usualName);
    if (const auto index = named(wanted->text))
        return index;
    const auto number = toCount(wanted->text);
    if (number && *number > 0 && (!header || *number <= header->fields.size()))
        return static_cast<std::size_t>(*number - 1);
    const std::string name = inQuotes(wanted->text);
    if (!header) {
        m_fatalError = "There is no header, so a column is a number from 1 on, and not " + name + ".";
        return std::nullopt;
    }
    m_fatalError = "There is no column " + name + ". The header has";
    for (const std::string& field : header->fields)
        m_fatalError += " \"" + cutToColumns(printable(field), 40) + "\"";
    m_fatalError += ". (Is the delimiter right?)";
    return std::nullopt;
}

ImportItem ImportSource::fromFields(Record record) const
{
    ImportItem item;
    item.line = record.line;
    const auto has = [&](std::size_t index) {
        if (index >= record.fields.size() && item.error.empty())
            item.error =
                "there is no column " + std::to_string(index + 1) + ", only " + std::to_string(record.fields.size());
        return item.error.empty();
    };
    if (m_ttlIndex && has(*m_ttlIndex))
        takeTtl(item, record.fields[*m_ttlIndex]);
    if (has(m_keyIndex))
        item.key = m_options.keyPrefix + record.fields[m_keyIndex];
    if (!m_valueIndex)
        item.value = std::move(record.text);
    else if (has(*m_valueIndex))
        item.value = std::move(record.fields[*m_valueIndex]);
    return item;
}

ImportItem ImportSource::fromJson(Record record) const
{
    ImportItem item;
    item.line = record.line;
    QJsonParseError parseError;
    const QJsonDocument document = QJsonDocument::fromJson(
        QByteArray::fromRawData(record.text.data(), static_cast<qsizetype>(record.text.size())), &parseError);
    if (!document.isObject()) {
        item.error = parseError.error == QJsonParseError::NoError
                         ? "no JSON object"
                         : "no JSON object: " + parseError.errorString().toStdString() + " at byte " +
                               std::to_string(parseError.offset);
        return item;
    }
    const QJsonObject object = document.object();
    const auto nameOf = [](const std::optional<ColumnName>& column, const char* usual) {
        return column ? column->text : std::string(usual);
    };
    const std::string keyName = nameOf(m_options.keyColumn, "key");
    const std::string valueName = nameOf(m_options.valueColumn, "value");
    const auto key = memberText(object, keyName, item.error);
    const auto value = memberText(object, valueName, item.error);
    const auto ttl = memberText(object, nameOf(m_options.ttlColumn, "ttl_ms"), item.error);
    if (!key)
        item.error = "there is no member \"" + printable(keyName) + "\"";
    else if (!value && m_options.valueColumn)
        item.error = "there is no member \"" + printable(valueName) + "\"";
    if (!item.error.empty())
        return item;
    item.key = m_options.keyPrefix + *key;
    item.value = value ? *value : std::move(record.text);
    if (ttl && *ttl != "null")
        takeTtl(item, *ttl);
    return item;
}

} // namespace quoit::terminal
