// console/desktop/alert_model.h - alerts as a list whose rows stay where they are while somebody points at them.
#pragma once

#include "console/cluster/alert_watch.h"
#include "console/desktop/theme.h"

#include <QAbstractListModel>

#include <vector>

namespace quoit {

class AlertModel : public QAbstractListModel
{
    Q_OBJECT

public:
    enum Role { NumberRole = Qt::UserRole + 1, TitleRole, StateRole, TimeRole, BoundRole, MarkRole, IsQuietRole };

    /// @param themes must outlive the model
    explicit AlertModel(const ThemeManager& themes, QObject* parent = nullptr);

    /// What to list, in this order. While the list is held, rows stay in their places: new ones come at the end, and those that are
    /// no longer wanted are shown as they are now.
    /// @param others where to look for those that are no longer wanted
    void show(const std::vector<Alert>& wanted, const std::vector<Alert>& others, qint64 nowMs);
    /// Somebody points at a row. When it ends, the order last wanted is taken.
    void setHeld(bool isHeld);
    bool isHeld() const { return m_isHeld; }

    /// @return nullptr: no such row. Valid until the next show().
    const Alert* at(int row) const;
    /// @return -1: it isn't listed
    int rowOf(quint64 number) const;

    int rowCount(const QModelIndex& parent = {}) const final;
    QVariant data(const QModelIndex& index, int role) const override;

private:
    void takeOrder();
    void refreshInPlace(const std::vector<Alert>& others);

    const ThemeManager& m_themes;
    std::vector<Alert> m_rows;
    std::vector<Alert> m_wanted;
    qint64 m_nowMs = 0;
    bool m_isHeld = false;
};

/// Active ones: those that aren't snoozed first, critical before warning, the latest first.
std::vector<Alert> inOrderOfUrgency(std::vector<Alert> alerts);

} // namespace quoit
