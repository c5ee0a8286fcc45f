// shared/base/bytes.h - reading and writing compact binary data: little-endian fixed widths, varints, length-prefixed bytes.
// A ByteReader never trusts a declared length: it fails, and stays failed, instead of reading past the end.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace quoit {

/// Appends to a string that it owns for the time being; take it with std::move(writer.bytes).
class ByteWriter
{
public:
    std::string bytes;

    void u8(std::uint8_t value) { bytes.push_back(static_cast<char>(value)); }
    void u16(std::uint16_t value) { fixed(value); }
    void u32(std::uint32_t value) { fixed(value); }
    void u64(std::uint64_t value) { fixed(value); }
    void i64(std::int64_t value) { fixed(static_cast<std::uint64_t>(value)); }
    void f64(double value)
    {
        std::uint64_t raw;
        std::memcpy(&raw, &value, sizeof raw);
        fixed(raw);
    }
    /// LEB128, 1 … 10 bytes.
    void varint(std::uint64_t value)
    {
        while (value >= 0x80) {
            bytes.push_back(static_cast<char>(value | 0x80));
            value >>= 7;
        }
        bytes.push_back(static_cast<char>(value));
    }
    /// A varint length, then the bytes.
    void blob(std::string_view value)
    {
        varint(value.size());
        bytes.append(value);
    }
    void raw(std::string_view value) { bytes.append(value); }

private:
    template <typename T>
    void fixed(T value)
    {
        char raw[sizeof(T)];
        for (std::size_t i = 0; i < sizeof(T); ++i)
            raw[i] = static_cast<char>(value >> (8 * i));
        bytes.append(raw, sizeof raw);
    }
};

/// Reads what ByteWriter wrote. Borrows the bytes: they must outlive the reader and the views that blob() returns.
class ByteReader
{
public:
    explicit ByteReader(std::string_view bytes)
        : m_rest(bytes)
    {
    }

    /// False once anything was read past the end or was malformed; every later read returns zero or empty.
    bool ok() const { return m_ok; }
    bool atEnd() const { return m_rest.empty(); }
    std::size_t remaining() const { return m_rest.size(); }
    void fail()
    {
        m_ok = false;
        m_rest = {};
    }

    std::uint8_t u8() { return static_cast<std::uint8_t>(fixed<std::uint8_t>()); }
    std::uint16_t u16() { return fixed<std::uint16_t>(); }
    std::uint32_t u32() { return fixed<std::uint32_t>(); }
    std::uint64_t u64() { return fixed<std::uint64_t>(); }
    std::int64_t i64() { return static_cast<std::int64_t>(fixed<std::uint64_t>()); }
    double f64()
    {
        const std::uint64_t raw = fixed<std::uint64_t>();
        double value;
        std::memcpy(&value, &raw, sizeof value);
        return value;
    }
    std::uint64_t varint()
    {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const std::uint8_t byte = u8();
            if (!m_ok)
                return 0;
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (!(byte & 0x80))
                return value;
        }
        fail();
        return 0;
    }
    std::string_view blob()
    {
        const std::uint64_t length = varint();
        return raw(length);
    }
    std::string_view raw(std::uint64_t length)
    {
        if (!m_ok || length > m_rest.size()) {
            fail();
            return {};
        }
        const std::string_view value = m_rest.substr(0, length);
        m_rest.remove_prefix(length);
        return value;
    }
    /// A count of things that take at least bytesMin bytes each: fails if they can't be there, so that it may be
    /// used to reserve memory.
    std::uint64_t count(std::uint64_t bytesMin)
    {
        const std::uint64_t value = varint();
        if (m_ok && bytesMin > 0 && value > m_rest.size() / bytesMin) {
            fail();
            return 0;
        }
        return value;
    }

private:
    template <typename T>
    T fixed()
    {
        if (m_rest.size() < sizeof(T)) {
            fail();
            return 0;
        }
        T value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i)
            value |= static_cast<T>(static_cast<T>(static_cast<std::uint8_t>(m_rest[i])) << (8 * i));
        m_rest.remove_prefix(sizeof(T));
        return value;
    }

    std::string_view m_rest;
    bool m_ok = true;
};

} // namespace quoit
