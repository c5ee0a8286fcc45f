#include "node/core/record.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace quoit {

namespace {

constexpr std::uint8_t flagTombstone = 1;
constexpr std::uint8_t flagExpiry = 2;
constexpr std::uint8_t flagEvicted = 4;
constexpr std::size_t operationBytesMin = 4;
constexpr std::size_t sharedBytes = 24; ///< what shared_ptr keeps beside it

/// Allocates one object, with so many bytes behind it.
template <typename T>
struct AllocatorWithTail
{
    using value_type = T;

    std::size_t tailBytes;

    explicit AllocatorWithTail(std::size_t bytes)
        : tailBytes(bytes)
    {}
    template <typename Other>
    AllocatorWithTail(const AllocatorWithTail<Other>& other)
        : tailBytes(other.tailBytes)
    {}
    T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T) + tailBytes)); }
    void deallocate(T* memory, std::size_t) { ::operator delete(memory); }
    template <typename Other>
    bool operator==(const AllocatorWithTail<Other>&) const
    {
        return true;
    }
};

/// A record on its way into being: first as long as it has to be, then filled from the front.
class RecordFiller
{
public:
    /// @param head  all but the operations
    RecordFiller(const Record& head, std::size_t operations, std::size_t resultBytes)
        : m_record(std::allocate_shared<Record>(AllocatorWithTail<Record>(operations * sizeof(Record::Operation) + head.key.size() +
                                                                          head.value.size() + resultBytes)))
        , m_operations(reinterpret_cast<Record::Operation*>(m_record.get() + 1))
        , m_bytes(reinterpret_cast<char*>(m_operations + operations))
    {
        static_assert(alignof(Record::Operation) <= alignof(Record) && std::is_trivially_destructible_v<Record::Operation>);
        m_record->key = keep(head.key);
        m_record->value = keep(head.value);
        m_record->version = head.version;
        m_record->base = head.base;
        m_record->expiryMs = head.expiryMs;
        m_record->tombstone = head.tombstone;
        m_record->evicted = head.evicted;
    }

    void add(const OperationId& id, std::string_view result) { new (m_operations + m_count++) Record::Operation{id, keep(result)}; }
    RecordPtr take()
    {
        m_record->operations = {m_operations, m_count};
        return std::move(m_record);
    }

private:
    std::string_view keep(std::string_view bytes)
    {
        char* const at = m_bytes;
        if (!bytes.empty())
            std::memcpy(at, bytes.data(), bytes.size());
        m_bytes += bytes.size();
        return {at, bytes.size()};
    }

    std::shared_ptr<Record> m_record;
    Record::Operation* m_operations;
    std::size_t m_count = 0;
    char* m_bytes;
};

} // namespace

bool Record::operator==(const Record& other) const
{
    return key == other.key && value == other.value && version == other.version && base == other.base && expiryMs == other.expiryMs &&
           tombstone == other.tombstone && evicted == other.evicted && std::ranges::equal(operations, other.operations);
}

std::size_t Record::bytes() const
{
    std::size_t total = sharedBytes + sizeof(Record) + operations.size_bytes() + key.size() + value.size();
    for (const Operation& operation : operations)
        total += operation.result.size();
    return total;
}

RecordPtr makeRecord(const Record& record, std::span<const CarriedOperation> more)
{
    std::size_t resultBytes = 0;
    for (const Record::Operation& operation : record.operations)
        resultBytes += operation.result.size();
    for (const CarriedOperation& operation : more)
        resultBytes += operation.result.size();
    RecordFiller filler(record, record.operations.size() + more.size(), resultBytes);
    for (const Record::Operation& operation : record.operations)
        filler.add(operation.id, operation.result);
    for (const CarriedOperation& operation : more)
        filler.add(operation.id, operation.result);
    return filler.take();
}

void encode(ByteWriter& writer, const Record& record)
{
    writer.u8((record.tombstone ? flagTombstone : 0) | (record.expiryMs != 0 ? flagExpiry : 0) | (record.evicted ? flagEvicted : 0));
    writer.blob(record.key);
    writer.blob(record.value);
    encode(writer, record.version);
    encode(writer, record.base);
    if (record.expiryMs != 0)
        writer.i64(record.expiryMs);
    encodeOperations(writer, record);
}

RecordPtr decodeRecord(ByteReader& reader)
{
    Record head;
    const std::uint8_t flags = reader.u8();
    if (flags & ~(flagTombstone | flagExpiry | flagEvicted))
        reader.fail();
    head.tombstone = flags & flagTombstone;
    head.evicted = flags & flagEvicted;
    head.key = reader.blob();
    head.value = reader.blob();
    head.version = decodeVersion(reader);
    head.base = decodeVersion(reader);
    if (flags & flagExpiry)
        head.expiryMs = reader.i64();
    return decodeOperations(reader, head);
}

void encodeOperations(ByteWriter& writer, const Record& record)
{
    writer.varint(record.operations.size());
    for (const Record::Operation& operation : record.operations) {
        encode(writer, operation.id);
        writer.blob(operation.result);
    }
}

RecordPtr decodeOperations(ByteReader& reader, const Record& head)
{
    const std::uint64_t count = reader.count(operationBytesMin);
    ByteReader ahead = reader;
    std::size_t resultBytes = 0;
    for (std::uint64_t i = 0; i < count && ahead.ok(); ++i) {
        decodeOperationId(ahead);
        resultBytes += ahead.blob().size();
    }
    if (!ahead.ok()) {
        reader.fail();
        return std::make_shared<const Record>();
    }
    RecordFiller filler(head, count, resultBytes);
    for (std::uint64_t i = 0; i < count; ++i) {
        const OperationId id = decodeOperationId(reader);
        filler.add(id, reader.blob());
    }
    return filler.take();
}

} // namespace quoit
