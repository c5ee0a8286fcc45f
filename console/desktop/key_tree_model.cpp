#include "console/desktop/key_tree_model.h"

#include "console/desktop/drawing.h"
#include "console/desktop/key_list_model.h"

#include <QElapsedTimer>

#include <algorithm>

namespace quoit {

namespace {

constexpr int batchMsMin = 150;
constexpr qsizetype batchKeysMax = 4000;
constexpr int restShare = 10; ///< a batch may take one of so many parts of the time

} // namespace

struct KeyTreeModel::Row
{
    KeyTreeEntry entry;
    std::unique_ptr<Branch> below; ///< of a branch; of a key: nullptr
};

/// An index points to the branch in which its row lies.
struct KeyTreeModel::Branch
{
    Branch* above = nullptr;
    QByteArray prefix;
    std::vector<Row> rows; ///< ascending by id
    qsizetype rest = 0;    ///< keys that have no row; > 0: a row at the end says so
    qsizetype wanted = rowsAtFirst;
    bool isOpen = false; ///< it has rows, as far as views were told

    int rowCount() const { return int(rows.size()) + (rest > 0); }
    /// @return rows.size(): there is none
    std::size_t placeOf(const KeyTree& tree, const QByteArray& id) const
    {
        const auto found =
            std::lower_bound(rows.begin(), rows.end(), id, [&tree](const Row& row, const QByteArray& each) {
                return tree.isBefore(row.entry.id, each);
            });
        return found != rows.end() && found->entry.id == id ? std::size_t(found - rows.begin()) : rows.size();
    }
};

KeyTreeModel::KeyTreeModel(KeyBrowser& browser, QObject* parent)
    : QAbstractItemModel(parent)
    , m_browser(browser)
    , m_top(std::make_unique<Branch>())
{
    m_top->isOpen = true;
    m_batch.setSingleShot(true);
    connect(&m_batch, &QTimer::timeout, this, &KeyTreeModel::takeFound);
    connect(&browser, &KeyBrowser::restarted, this, [this] { restart(m_tree.separator()); });
    connect(&browser, &KeyBrowser::keysAdded, this, [this] {
        if (!m_batch.isActive())
            m_batch.start(m_taken == 0 ? 0 : std::max(m_batch.interval(), batchMsMin));
    });
    connect(&browser, &KeyBrowser::forgetting, this, [this](int index) {
        if (index >= m_taken)
            return;
        --m_taken;
        if (m_tree.remove(m_browser.keys()[index]))
            refreshAll(*m_top);
    });
    m_batch.start(0);
}

KeyTreeModel::~KeyTreeModel() = default;

void KeyTreeModel::restart(const QByteArray& separator)
{
    beginResetModel();
    m_tree.restart(separator);
    m_top = std::make_unique<Branch>();
    m_top->isOpen = true;
    m_taken = 0;
    m_batch.stop();
    endResetModel();
}

void KeyTreeModel::setSeparator(const QByteArray& separator)
{
    if (separator == m_tree.separator())
        return;
    restart(separator);
    m_batch.start(0);
}

void KeyTreeModel::takeFound()
{
    const QList<QByteArray>& keys = m_browser.keys();
    const auto count = std::min(batchKeysMax, keys.size() - m_taken);
    if (count == 0)
        return;
    QElapsedTimer spent;
    spent.start();
    m_tree.add({keys.begin() + m_taken, keys.begin() + m_taken + count});
    m_taken += count;
    refreshAll(*m_top);
    // While it is behind, half of the time is for others; while it waits for what is found, most of it.
    if (isBehind())
        m_batch.start(int(spent.elapsed()));
    else
        m_batch.setInterval(std::max(batchMsMin, int(spent.elapsed()) * restShare));
}

void KeyTreeModel::refreshAll(Branch& branch)
{
    if (!branch.isOpen)
        return;
    refresh(branch);
    for (Row& row : branch.rows)
        if (row.below)
            refreshAll(*row.below);
}

/// Row by row, so that views keep their selection and their place.
void KeyTreeModel::refresh(Branch& branch)
{
    const KeyTree::Level level =
        m_tree.level(branch.prefix, branch.wanted, m_kept.startsWith(branch.prefix) ? m_kept : QByteArray(), rowsMax);
    removeRowsNotIn(branch, level.entries);
    insertRowsOf(branch, level.entries);
    setRest(branch, level.keysMore);
    if (!branch.rows.empty())
        Q_EMIT dataChanged(createIndex(0, 0, &branch), createIndex(int(branch.rows.size()) - 1, 0, &branch));
}

/// Both are in the same order: from the end, so that places before stay.
void KeyTreeModel::removeRowsNotIn(Branch& branch, const std::vector<KeyTreeEntry>& wanted)
{
    auto each = wanted.rbegin();
    const auto isWanted = [&](int row) {
        const QByteArray& id = branch.rows[std::size_t(row)].entry.id;
        while (each != wanted.rend() && m_tree.isBefore(id, each->id))
            ++each;
        return each != wanted.rend() && each->id == id;
    };
    for (int last = int(branch.rows.size()) - 1; last >= 0; --last) {
        if (isWanted(last))
            continue;
        int first = last;
        while (first > 0 && !isWanted(first - 1))
            --first;
        beginRemoveRows(indexOf(branch), first, last);
        branch.rows.erase(branch.rows.begin() + first, branch.rows.begin() + last + 1);
        endRemoveRows();
        last = first;
    }
}

/// All rows that are there are wanted.
void KeyTreeModel::insertRowsOf(Branch& branch, const std::vector<KeyTreeEntry>& wanted)
{
    for (std::size_t at = 0; at < wanted.size(); ++at) {
        if (at < branch.rows.size() && branch.rows[at].entry.id == wanted[at].id) {
            branch.rows[at].entry.keys = wanted[at].keys;
            continue;
        }
        std::size_t end = at + 1; // of those that are new
        while (end < wanted.size() && (at >= branch.rows.size() || wanted[end].id != branch.rows[at].entry.id))
            ++end;
        std::vector<Row> rows;
        for (std::size_t each = at; each < end; ++each) {
            rows.push_back({wanted[each], nullptr});
            if (!wanted[each].isBranch)
                continue;
            rows.back().below = std::make_unique<Branch>();
            rows.back().below->above = &branch;
            rows.back().below->prefix = wanted[each].id;
        }
        beginInsertRows(indexOf(branch), int(at), int(end) - 1);
        branch.rows.insert(branch.rows.begin() + qsizetype(at), std::make_move_iterator(rows.begin()),
                           std::make_move_iterator(rows.end()));
        endInsertRows();
        at = end - 1;
    }
}

void KeyTreeModel::setRest(Branch& branch, qsizetype keys)
{
    const int row = int(branch.rows.size());
    if ((keys > 0) == (branch.rest > 0)) {
        branch.rest = keys;
        if (keys > 0)
            Q_EMIT dataChanged(createIndex(row, 0, &branch), createIndex(row, 0, &branch));
    } else if (keys > 0) {
        beginInsertRows(indexOf(branch), row, row);
        branch.rest = keys;
        endInsertRows();
    } else {
        beginRemoveRows(indexOf(branch), row, row);
        branch.rest = 0;
        endRemoveRows();
    }
}

void KeyTreeModel::showMore(const QModelIndex& rest)
{
    auto& branch = *static_cast<Branch*>(rest.internalPointer());
    if (branch.wanted >= rowsMax)
        return;
    branch.wanted = std::min(rowsMax, std::max(2 * branch.wanted, qsizetype(branch.rows.size()) + rowsAtFirst));
    refresh(branch);
}

QModelIndex KeyTreeModel::indexOf(const QByteArray& key)
{
    if (!m_tree.contains(key))
        return {};
    Branch* branch = m_top.get();
    QList<QByteArray> way = m_tree.branchesTo(key);
    way << key;
    for (const QByteArray& id : way) {
        if (!branch->isOpen)
            fetchMore(indexOf(*branch));
        std::size_t place = branch->placeOf(m_tree, id);
        while (place == branch->rows.size() && branch->rest > 0 && branch->wanted < rowsMax) {
            showMore(createIndex(int(branch->rows.size()), 0, branch));
            place = branch->placeOf(m_tree, id);
        }
        if (place == branch->rows.size())
            return {};
        if (&id == &way.back())
            return createIndex(int(place), 0, branch);
        branch = branch->rows[place].below.get();
    }
    return {};
}

QModelIndex KeyTreeModel::shownIndexOf(const QByteArray& id) const
{
    const Branch* branch = m_top.get();
    for (const QByteArray& each : m_tree.branchesTo(id)) {
        const std::size_t place = branch->placeOf(m_tree, each);
        if (place == branch->rows.size())
            return {};
        if (each == id)
            return createIndex(int(place), 0, branch);
        branch = branch->rows[place].below.get();
    }
    const std::size_t place = branch->placeOf(m_tree, id);
    return place == branch->rows.size() ? QModelIndex() : createIndex(int(place), 0, branch);
}

/// What an index stands for, if that is a branch; the top for an invalid one.
KeyTreeModel::Branch* KeyTreeModel::branchOf(const QModelIndex& index) const
{
    if (!index.isValid())
        return m_top.get();
    const auto& inside = *static_cast<Branch*>(index.internalPointer());
    return std::size_t(index.row()) < inside.rows.size() ? inside.rows[std::size_t(index.row())].below.get() : nullptr;
}

QModelIndex KeyTreeModel::indexOf(const Branch& branch) const
{
    return branch.above ? createIndex(int(branch.above->placeOf(m_tree, branch.prefix)), 0, branch.above)
                        : QModelIndex();
}

QModelIndex KeyTreeModel::index(int row, int column, const QModelIndex& parent) const
{
    Branch* branch = branchOf(parent);
    return branch && branch->isOpen && column == 0 && row >= 0 && row < branch->rowCount()
               ? createIndex(row, column, branch)
               : QModelIndex();
}

QModelIndex KeyTreeModel::parent(const QModelIndex& child) const
{
    return child.isValid() ? indexOf(*static_cast<Branch*>(child.internalPointer())) : QModelIndex();
}

int KeyTreeModel::rowCount(const QModelIndex& parent) const
{
    const Branch* branch = branchOf(parent);
    return branch && branch->isOpen ? branch->rowCount() : 0;
}

bool KeyTreeModel::hasChildren(const QModelIndex& parent) const
{
    const Branch* branch = branchOf(parent);
    return branch && (branch != m_top.get() || branch->rowCount() > 0);
}

bool KeyTreeModel::canFetchMore(const QModelIndex& parent) const
{
    const Branch* branch = branchOf(parent);
    return branch && !branch->isOpen;
}

void KeyTreeModel::fetchMore(const QModelIndex& parent)
{
    Branch* branch = branchOf(parent);
    if (!branch || branch->isOpen)
        return;
    branch->isOpen = true;
    refresh(*branch);
}

QString KeyTreeModel::textOf(const Branch& branch, const KeyTreeEntry& entry) const
{
    const QByteArray name = entry.id.mid(branch.prefix.size());
    return name.isEmpty() ? tr("(empty)") : keyText(name);
}

QVariant KeyTreeModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const auto& branch = *static_cast<Branch*>(index.internalPointer());
    if (std::size_t(index.row()) >= branch.rows.size()) {
        const QString left = tr("%1 more keys…").arg(wholeText(double(branch.rest)));
        if (role == Qt::ToolTipRole || role == Qt::AccessibleTextRole)
            return branch.rows.size() < std::size_t(rowsMax) ? tr("%1 Click or Enter shows some of them.").arg(left)
                                                             : tr("%1 A longer prefix finds them.").arg(left);
        if (role == Qt::DisplayRole)
            return left;
        return role == IsRestRole ? QVariant(true) : QVariant();
    }
    const KeyTreeEntry& entry = branch.rows[std::size_t(index.row())].entry;
    switch (role) {
    case Qt::DisplayRole:
        return textOf(branch, entry);
    case Qt::ToolTipRole:
        return entry.isBranch ? tr("%1 loaded keys begin with %2").arg(wholeText(double(entry.keys)), keyText(entry.id))
                              : keyText(entry.id);
    case Qt::AccessibleTextRole:
        return entry.isBranch ? tr("%1, %2 loaded keys").arg(textOf(branch, entry), wholeText(double(entry.keys)))
                              : keyText(entry.id);
    case KeyRole:
        return entry.isBranch ? QVariant() : QVariant(entry.id);
    case BranchRole:
        return entry.isBranch ? QVariant(entry.id) : QVariant();
    case CountRole:
        return entry.isBranch ? QVariant(entry.keys) : QVariant();
    default:
        return {};
    }
}

} // namespace quoit
