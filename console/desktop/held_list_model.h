// console/desktop/held_list_model.h - a list whose rows stay where they are while somebody points at them: the base of
// models of what changes by itself.
#pragma once

#include <QAbstractListModel>

#include <algorithm>
#include <vector>

namespace quoit {

/// @tparam identity a member of Row that names it: &Row::number
template <typename Row, auto identity>
class HeldListModel : public QAbstractListModel
{
public:
    using QAbstractListModel::QAbstractListModel;

    /// Somebody points at a row. When it ends, the order last wanted is taken.
    void setHeld(bool isHeld)
    {
        if (m_isHeld == isHeld)
            return;
        m_isHeld = isHeld;
        if (!isHeld)
            takeOrder();
    }
    bool isHeld() const { return m_isHeld; }

    /// @return nullptr: no such row. Valid until the rows change.
    const Row* at(int row) const { return row >= 0 && row < rowCount() ? &m_rows[std::size_t(row)] : nullptr; }
    /// @return -1: it isn't listed
    template <typename Id>
    int rowOf(const Id& id) const
    {
        const auto found = std::ranges::find(m_rows, id, identity);
        return found == m_rows.end() ? -1 : int(found - m_rows.begin());
    }
    int rowCount(const QModelIndex& parent = {}) const final { return parent.isValid() ? 0 : int(m_rows.size()); }

protected:
    /// What to list, in this order. While the list is held, rows stay in their places: new ones come at the end.
    /// @param gone called with the rows that are no longer wanted and stay because the list is held
    template <typename Gone>
    void showRows(std::vector<Row> wanted, Gone gone)
    {
        m_wanted = std::move(wanted);
        if (!m_isHeld)
            takeOrder();
        for (Row& row : m_rows) {
            const auto found = std::ranges::find(m_wanted, row.*identity, identity);
            if (found != m_wanted.end())
                row = *found;
            else
                gone(row);
        }
        if (!m_rows.empty())
            Q_EMIT dataChanged(index(0), index(rowCount() - 1));
        for (const Row& row : m_wanted) {
            if (rowOf(row.*identity) >= 0)
                continue;
            beginInsertRows({}, rowCount(), rowCount());
            m_rows.push_back(row);
            endInsertRows();
        }
    }

    std::vector<Row> m_rows;

private:
    /// Row by row, so that views keep their selection and their place.
    void takeOrder()
    {
        for (int row = rowCount() - 1; row >= 0; --row) {
            if (std::ranges::find(m_wanted, m_rows[std::size_t(row)].*identity, identity) != m_wanted.end())
                continue;
            beginRemoveRows({}, row, row);
            m_rows.erase(m_rows.begin() + row);
            endRemoveRows();
        }
        for (int row = 0; row < int(m_wanted.size()); ++row) {
            const Row& wanted = m_wanted[std::size_t(row)];
            const int now = rowOf(wanted.*identity);
            if (now < 0) {
                beginInsertRows({}, row, row);
                m_rows.insert(m_rows.begin() + row, wanted);
                endInsertRows();
            } else if (now != row) { // the rows above are in their places already: it comes up
                beginMoveRows({}, now, now, {}, row);
                std::rotate(m_rows.begin() + row, m_rows.begin() + now, m_rows.begin() + now + 1);
                endMoveRows();
            }
        }
    }

    std::vector<Row> m_wanted;
    bool m_isHeld = false;
};

} // namespace quoit
