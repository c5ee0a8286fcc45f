// console/desktop/key_tree_view.h - the tree of loaded keys: branches with their counts, drawn and worked by keyboard.
#pragma once

#include "console/desktop/key_tree_model.h"
#include "console/desktop/workspace.h"

#include <QSet>
#include <QTreeView>

namespace quoit {

class KeyTreeView : public QTreeView
{
    Q_OBJECT

public:
    /// @param workspace must outlive the view
    explicit KeyTreeView(Workspace& workspace, QWidget* parent = nullptr);

    KeyTreeModel& keyModel() { return *m_model; }
    /// Marks a key and opens the branches on the way, or marks nothing if it isn't loaded; keyChosen() isn't sent.
    void showKey(const QByteArray& key);
    void setSeparator(const QByteArray& separator);

Q_SIGNALS:
    /// Somebody went to a key.
    void keyChosen(const QByteArray& key);
    /// Somebody asked for it anew: Enter, or a double click.
    void keyActivated(const QByteArray& key);

protected:
    void focusInEvent(QFocusEvent* event) override;
    void currentChanged(const QModelIndex& now, const QModelIndex& before) override;
    void rowsInserted(const QModelIndex& parent, int first, int last) override;
    void rowsAboutToBeRemoved(const QModelIndex& parent, int first, int last) override;
    void keyPressEvent(QKeyEvent* event) override;
    void drawBranches(QPainter* painter, const QRect& rect, const QModelIndex& index) const override;

private:
    void choose(const QModelIndex& index);
    void activate(const QModelIndex& index);
    void reopen();

    Workspace& m_workspace;
    KeyTreeModel* m_model;
    QSet<QByteArray> m_open;    ///< branches that were opened: they are again when they come back
    QByteArray m_marked;        ///< a branch or key
    bool m_isReopening = false; ///< reopen() is on its way
    bool m_isFollowing = false; ///< it is being told what is marked: it chooses nothing
};

} // namespace quoit
