// shared/admin/report_codec.h - one list of names and fields per report serves both directions. Inside this room only.
// A report has, in its own namespace, a function visitFields(visitor, report) that calls visitor("name", report.field)
// for each field; the visitor is a FieldWriter or a FieldReader.
#pragma once

#include "shared/base/result.h"
#include "shared/resp/value.h"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quoit::admin {

/// Values as the reports spell them; what isn't here has an overload of its own beside its report.
RespValue fieldToResp(std::uint64_t value); ///< past a signed integer's range: the largest one
RespValue fieldToResp(std::int64_t value);
RespValue fieldToResp(double value);
RespValue fieldToResp(bool value);
RespValue fieldToResp(const std::string& value);
RespValue fieldToResp(const std::vector<std::uint32_t>& values); ///< an array

/// @return false if the value has the wrong type or is out of range; the field is left alone then.
bool fieldFromResp(const RespValue& value, std::uint64_t& field);
bool fieldFromResp(const RespValue& value, std::uint32_t& field);
bool fieldFromResp(const RespValue& value, std::int64_t& field);
bool fieldFromResp(const RespValue& value, double& field);
bool fieldFromResp(const RespValue& value, bool& field);
bool fieldFromResp(const RespValue& value, std::string& field);
bool fieldFromResp(const RespValue& value, std::vector<std::uint32_t>& field);

/// Collects key, value, key, value.
class FieldWriter
{
public:
    template <typename Field>
    void operator()(std::string_view name, const Field& field)
    {
        m_flat.push_back(RespValue::bulk(std::string(name)));
        if constexpr (std::same_as<Field, std::uint32_t>)
            m_flat.push_back(fieldToResp(std::uint64_t(field)));
        else
            m_flat.push_back(fieldToResp(field));
    }
    RespValue take() { return RespValue::map(std::move(m_flat)); }

private:
    std::vector<RespValue> m_flat;
};

/// Fills fields from a map; notes the first one that can't be read and leaves the rest alone from then on.
/// Borrows the value, which must outlive the reader.
class FieldReader
{
public:
    explicit FieldReader(const RespValue& map)
        : m_map(map)
    {}

    template <typename Field>
    void operator()(std::string_view name, Field& field)
    {
        if (!m_offender.empty())
            return;
        const RespValue* value = m_map.find(name);
        if (value && !fieldFromResp(*value, field))
            m_offender = name;
    }
    /// The name of the field that couldn't be read; empty: none.
    const std::string& offender() const { return m_offender; }

private:
    const RespValue& m_map;
    std::string m_offender;
};

/// A map, or the flat array that RESP2 has in its place.
bool isMapLike(const RespValue& value);
Error corruptField(std::string_view name);

/// Writes any report that has visitFields().
template <typename Report>
RespValue writeReport(const Report& report)
{
    FieldWriter writer;
    visitFields(writer, report);
    return writer.take();
}

/// Reads any report that has visitFields(). @param what the name to blame if the value is no map at all
template <typename Report>
Result<Report> readReport(const RespValue& value, std::string_view what)
{
    if (!isMapLike(value))
        return corruptField(what);
    Report report;
    FieldReader reader(value);
    visitFields(reader, report);
    if (!reader.offender().empty())
        return corruptField(reader.offender());
    return report;
}

/// Lists of reports: an array of maps.
template <typename Report>
RespValue writeReports(const std::vector<Report>& reports)
{
    std::vector<RespValue> elements;
    elements.reserve(reports.size());
    for (const Report& report : reports)
        elements.push_back(writeReport(report));
    return RespValue::array(std::move(elements));
}

/// @return false if it isn't an array, or an element can't be read.
template <typename Report>
bool readReports(const RespValue& value, std::vector<Report>& reports)
{
    if (!value.isAggregate() || value.type == RespType::Map)
        return false;
    reports.clear();
    for (const RespValue& element : value.elements) {
        Result<Report> report = readReport<Report>(element, "");
        if (!report)
            return false;
        reports.push_back(std::move(report).value());
    }
    return true;
}

} // namespace quoit::admin
