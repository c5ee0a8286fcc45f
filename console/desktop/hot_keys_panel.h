// console/desktop/hot_keys_panel.h - the hottest keys of the cluster; choosing one says where it is.
#pragma once

#include "console/desktop/cards.h"
#include "console/desktop/hot_key_model.h"

#include <QLabel>
#include <QListView>

namespace quoit {

class HotKeysPanel : public Card
{
    Q_OBJECT

public:
    static constexpr int rowHeight = 46;

    explicit HotKeysPanel(Workspace& workspace, QWidget* parent = nullptr);

    void refresh();
    /// How many are seen without scrolling: fewer where the page has little room. [1, 8]
    void setRowsSeen(int rows);
    /// In pixels, with title and margins.
    int heightOfRows(int rows) const;
    HotKeyModel* model() const { return m_model; }
    QListView* list() const { return m_list; }

Q_SIGNALS:
    /// The whole key, whatever bytes it has.
    void keyChosen(const std::string& key);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void choose(const QModelIndex& index);

    HotKeyModel* m_model;
    QListView* m_list;
    QLabel* m_hint;
    int m_rowsSeen = 4;
};

} // namespace quoit
