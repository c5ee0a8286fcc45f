#include "console/desktop/alert_model.h"

#include "console/desktop/alert_text.h"

#include <algorithm>
#include <tuple>

namespace quoit {

namespace {

auto placeOf(std::vector<Alert>& alerts, quint64 number)
{
    return std::ranges::find(alerts, number, &Alert::number);
}

} // namespace

std::vector<Alert> inOrderOfUrgency(std::vector<Alert> alerts)
{
    const auto key = [](const Alert& alert) {
        return std::tuple(alert.snoozedUntilMs > 0, -int(alert.level()), -alert.beganMs, alert.number);
    };
    std::ranges::sort(alerts, {}, key);
    return alerts;
}

AlertModel::AlertModel(const ThemeManager& themes, QObject* parent)
    : QAbstractListModel(parent)
    , m_themes(themes)
{}

void AlertModel::show(const std::vector<Alert>& wanted, const std::vector<Alert>& others, qint64 nowMs)
{
    m_wanted = wanted;
    m_nowMs = nowMs;
    if (!m_isHeld)
        takeOrder();
    refreshInPlace(others);
}

void AlertModel::setHeld(bool isHeld)
{
    if (m_isHeld == isHeld)
        return;
    m_isHeld = isHeld;
    if (!isHeld)
        takeOrder();
}

/// Row by row, so that views keep their selection and their place.
void AlertModel::takeOrder()
{
    for (int row = int(m_rows.size()) - 1; row >= 0; --row) {
        if (placeOf(m_wanted, m_rows[std::size_t(row)].number) != m_wanted.end())
            continue;
        beginRemoveRows({}, row, row);
        m_rows.erase(m_rows.begin() + row);
        endRemoveRows();
    }
    for (int row = 0; row < int(m_wanted.size()); ++row) {
        const Alert& alert = m_wanted[std::size_t(row)];
        const auto found = placeOf(m_rows, alert.number);
        const int now = int(found - m_rows.begin());
        if (found == m_rows.end()) {
            beginInsertRows({}, row, row);
            m_rows.insert(m_rows.begin() + row, alert);
            endInsertRows();
        } else if (now != row) { // the rows above are in their places already: it comes up
            beginMoveRows({}, now, now, {}, row);
            std::rotate(m_rows.begin() + row, found, found + 1);
            endMoveRows();
        }
    }
}

void AlertModel::refreshInPlace(const std::vector<Alert>& others)
{
    for (Alert& row : m_rows) {
        if (const auto found = placeOf(m_wanted, row.number); found != m_wanted.end())
            row = *found;
        else if (const auto other = std::ranges::find(others, row.number, &Alert::number); other != others.end())
            row = *other;
    }
    if (!m_rows.empty())
        Q_EMIT dataChanged(index(0), index(rowCount() - 1));
    for (const Alert& alert : m_wanted) {
        if (placeOf(m_rows, alert.number) != m_rows.end())
            continue;
        beginInsertRows({}, rowCount(), rowCount());
        m_rows.push_back(alert);
        endInsertRows();
    }
}

const Alert* AlertModel::at(int row) const
{
    return row >= 0 && row < rowCount() ? &m_rows[std::size_t(row)] : nullptr;
}

int AlertModel::rowOf(quint64 number) const
{
    const auto found = std::ranges::find(m_rows, number, &Alert::number);
    return found == m_rows.end() ? -1 : int(found - m_rows.begin());
}

int AlertModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

QVariant AlertModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const Alert& alert = m_rows[std::size_t(index.row())];
    switch (role) {
    case TitleRole:
        return alertText(alert);
    case StateRole:
        return alertStateText(alert);
    case TimeRole:
        return alertTimeText(alert, m_nowMs);
    case BoundRole:
        return alertBoundText(alert);
    case MarkRole:
        return int(markOf(alert));
    case NumberRole:
        return alert.number;
    case IsQuietRole:
        return !alert.isActive() || alert.acknowledgedMs > 0 || alert.snoozedUntilMs > 0;
    case Qt::DecorationRole:
        return stateIcon(markOf(alert), m_themes.theme(), 14);
    case Qt::DisplayRole:
        return alertText(alert);
    case Qt::AccessibleTextRole: {
        QStringList parts{alertText(alert), alertStateText(alert), alertBoundText(alert), alertTimeText(alert, m_nowMs)};
        parts.removeAll(QString());
        return parts.join(QStringLiteral("; "));
    }
    default:
        return {};
    }
}

} // namespace quoit
