// console/desktop/time_bar.h - the line below the pages that goes back in time, and the band above them that says that
// it isn't now.
#pragma once

#include "console/desktop/page.h"
#include "console/desktop/time_track.h"

#include <QLabel>
#include <QPushButton>

namespace quoit {

class TimeBar : public QWidget
{
    Q_OBJECT

public:
    explicit TimeBar(Workspace& workspace, QWidget* parent = nullptr);

    TimeTrack* track() const { return m_track; }
    void goToMark(bool isForward);
    /// "Live", or the moment.
    QString text() const { return m_text->text(); }

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void refresh();
    void restyle();

    Workspace& m_workspace;
    QPushButton* m_before;
    QPushButton* m_after;
    TimeTrack* m_track;
    QLabel* m_text;
};

/// Seen while the past is shown, in a colour that nothing else has.
class PastBand : public QWidget
{
    Q_OBJECT

public:
    explicit PastBand(Workspace& workspace, QWidget* parent = nullptr);

    /// @param page that is seen; nullptr: none
    void setPage(const Page* page);
    QString text() const { return m_text->text(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void refresh();
    void restyle();

    Workspace& m_workspace;
    const Page* m_page = nullptr;
    QLabel* m_icon;
    QLabel* m_text;
    QPushButton* m_live;
};

} // namespace quoit
