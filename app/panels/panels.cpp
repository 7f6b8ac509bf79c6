// The table of panels, in drawing order.
#include "app/panels/panels.h"

namespace convscope {

const std::vector<Panel>& all_panels() {
    static const std::vector<Panel> kPanels{
        {"Menu", draw_menu_bar},
        {"Chain", draw_chain_bar},
        {"Parameters", draw_parameters},
        {"Inspector", draw_inspector},
        {"Tabs", draw_tabs},
        {"Canvas", draw_canvas, true, true},
        {"Question", draw_question},
        {"Progress", draw_progress},
        {"Timeline", draw_timeline},
        {"Dividers", draw_dividers},
        {"Rails", draw_rails},
        {"History", draw_history},
        {"Messages", draw_messages},
        {"Tour", draw_tour},
        {"Log", draw_log},
        {"Lecture", draw_lecture, false, true},
        {"Palette", draw_command_palette, true, true},
        {"Help", draw_help, true, true},
        {"Files", draw_file_dialog, true, true},
    };
    return kPanels;
}

}  // namespace convscope
