// console/desktop/cards.h - the boxes that pages are made of.
#pragma once

#include "console/desktop/drawing.h"
#include "console/desktop/workspace.h"

#include <QAbstractButton>
#include <QPushButton>
#include <QVBoxLayout>
#include <QWidget>

#include <span>
#include <vector>

namespace quoit {

/// A rounded surface with an optional title; put widgets into body().
class Card : public QWidget
{
    Q_OBJECT

public:
    Card(Workspace& workspace, const QString& title, QWidget* parent = nullptr);

    QVBoxLayout* body() { return m_body; }
    void setTitle(const QString& title);
    /// Text at the right of the title line.
    void setNote(const QString& note);

protected:
    void paintEvent(QPaintEvent* event) override;

    Workspace& m_workspace;

private:
    QString m_title;
    QString m_note;
    QVBoxLayout* m_body;
};

/// One figure of the cluster, with its last minutes.
class StatTile : public QWidget
{
    Q_OBJECT

public:
    StatTile(Workspace& workspace, const QString& title, Metric metric, Unit unit, QWidget* parent = nullptr);

    /// @param value of the moment that is shown; NaN or nothing: no data
    void show(std::optional<double> value);
    /// Lower, with the same text.
    void setDense(bool isDense);
    QSize sizeHint() const override { return {190, m_isDense ? 76 : 112}; }
    QSize minimumSizeHint() const override { return {120, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Workspace& m_workspace;
    const QString m_title;
    const Metric m_metric;
    const Unit m_unit;
    bool m_isDense = false;
    NumberParts m_quantity;
    QVector<QPointF> m_points; // the last minutes of what is shown
    qint64 m_toMs = 0;
};

/// How the cluster is, in words.
class HealthBanner : public QWidget
{
    Q_OBJECT

public:
    explicit HealthBanner(Workspace& workspace, QWidget* parent = nullptr);

    void refresh();
    /// Lower, with the same text.
    void setDense(bool isDense);
    QSize sizeHint() const override { return {600, m_isDense ? 64 : 84}; }
    QSize minimumSizeHint() const override { return {260, sizeHint().height()}; }

Q_SIGNALS:
    void alertsWanted();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Workspace& m_workspace;
    bool m_isDense = false;
    QPushButton* m_showAlerts; ///< there while alerts go on
};

/// One node in short; pressing it selects the node everywhere.
class NodeCard : public QAbstractButton
{
    Q_OBJECT

public:
    NodeCard(Workspace& workspace, NodeId id, QWidget* parent = nullptr);

    NodeId id() const { return m_id; }
    void refresh();
    /// Two lines: figures speak for themselves by their units.
    void setDense(bool isDense);
    QSize sizeHint() const override { return {220, m_isDense ? 48 : 92}; }
    QSize minimumSizeHint() const override { return {170, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    Workspace& m_workspace;
    const NodeId m_id;
    bool m_isDense = false;
};

/// Everything that a node says of itself, as names and values in columns.
class NodeFigures : public QWidget
{
    Q_OBJECT

public:
    explicit NodeFigures(Workspace& workspace, QWidget* parent = nullptr);

    /// @param node of the workspace's snapshot; noNode: nothing is shown
    void show(NodeId node);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    int columns() const;
    static QString sameText(const NodeReport& node);

    Workspace& m_workspace;
    QList<std::pair<QString, QString>> m_figures; // name, value
};

/// The latest events of the moment that is shown, newest first, as many as fit.
class EventList : public QWidget
{
    Q_OBJECT

public:
    explicit EventList(Workspace& workspace, QWidget* parent = nullptr);

    static constexpr int rowHeight = 26;

    void refresh();
    QSize sizeHint() const override { return {400, 120}; }
    QSize minimumSizeHint() const override { return {200, rowHeight}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::span<const ClusterEvent> events() const;

    Workspace& m_workspace;
};

/// The state that an event's kind speaks of, for its mark.
NodeState stateOfEvent(const ClusterEvent& event);

} // namespace quoit
