// tests/console/sheet_button.h - presses what a sheet offers, by its words.
#pragma once

#include "console/desktop/sheet.h"

namespace quoit {

/// @return the button of the open sheet of this name; nullptr: no such sheet, or it has no such button
inline QPushButton* sheetButton(const QWidget& window, const char* sheetName, const QString& text)
{
    for (Sheet* sheet : window.findChildren<Sheet*>(QLatin1String(sheetName))) {
        if (!sheet->isVisible())
            continue; // answered, and not deleted yet
        for (QPushButton* button : sheet->findChildren<QPushButton*>())
            if (button->text() == text)
                return button;
    }
    return nullptr;
}

} // namespace quoit
