// console/desktop/status_strip.h - the line at the bottom: connection, epoch, nodes, operations, latency; and the veil
// that dims a picture that is old.
#pragma once

#include "console/desktop/workspace.h"

#include <QWidget>

namespace quoit {

class StatusStrip : public QWidget
{
    Q_OBJECT

public:
    explicit StatusStrip(Workspace& workspace, QWidget* parent = nullptr);

    QSize sizeHint() const override { return {600, 30}; }
    QSize minimumSizeHint() const override { return {100, 30}; }
    /// What the first part says.
    QString connectionText() const;
    /// "2 alerts"; empty: none, or the cluster isn't known.
    QString alertText() const;
    /// "Change in progress, 42 % copied"; empty: none is.
    QString changeText() const;

Q_SIGNALS:
    /// The alerts in it were clicked.
    void alertsWanted();
    /// The change in it was clicked.
    void changeWanted();

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;

private:
    Workspace& m_workspace;
    QRectF m_alertsBox; ///< where they were painted
    QRectF m_changeBox;
};

/// Lies over a page while its data is old, says how old, and lets clicks through.
class StaleVeil : public QWidget
{
    Q_OBJECT

public:
    StaleVeil(Workspace& workspace, QWidget* parent);

    /// Shows or hides itself as the monitor's state asks.
    void refresh();
    QString text() const;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Workspace& m_workspace;
};

} // namespace quoit
