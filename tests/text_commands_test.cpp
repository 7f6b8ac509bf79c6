// convscope explain and shapes, documents from the command line, and the examples of docs/command-line.md.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/cli/cli.h"
#include "core/document_json.h"
#include "core/eval_case.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/presets.h"

namespace convscope {
namespace {

struct Ran {
    int code = -1;
    std::string out, err;
};

Ran run(std::vector<std::string> arguments) {
    std::ostringstream out, err;
    Ran ran;
    ran.code = run_command_line(std::move(arguments), {out, err});
    ran.out = out.str();
    ran.err = err.str();
    return ran;
}

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// The line of `text` that holds `part`, without the spaces between its words.
std::vector<std::string> words_of_line(const std::string& text, const std::string& part) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (!holds(line, part)) continue;
        std::istringstream words(line);
        return {std::istream_iterator<std::string>(words), {}};
    }
    return {};
}

using Words = std::vector<std::string>;

/// An own empty folder as the working one.
class TextCommands : public testing::Test {
  protected:
    void SetUp() override {
        before_ = std::filesystem::current_path();
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        const auto folder = before_ / "text_commands_test" / info->name();
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        std::filesystem::current_path(folder);
    }
    void TearDown() override { std::filesystem::current_path(before_); }

    static void write(const std::string& name, const std::string& text) {
        std::ofstream(name, std::ios::binary) << text;
    }

  private:
    std::filesystem::path before_;
};

const Words kStamp{"nn.ConvTranspose2d(1,1,2,stride=2)", "--input", "[[1,0],[2,3]]", "--weight",
                   "[[2,3],[4,5]]"};

Ran explain_stamp(Words more) {
    Words arguments{"explain"};
    arguments.insert(arguments.end(), kStamp.begin(), kStamp.end());
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
}

// ---- explain

TEST_F(TextCommands, the_ledger_of_a_stamped_cell) {
    const Ran ran = explain_stamp({"--cell", "3,3", "--bias", "[7]"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out,
              "output (3, 3) of nn.ConvTranspose2d(1, 1, 2, stride=2)\n"
              "\n"
              "term          value  ×  factor               value  =  product  sum\n"
              "input (1, 1)      3  ×  weight (0, 0, 1, 1)      5  =       15   15\n"
              "bias (0)          7                                          7   22\n"
              "\n"
              "output (3, 3) = 22\n");
}

TEST_F(TextCommands, where_an_input_cell_goes) {
    const Ran ran = explain_stamp({"--cell", "1,0", "--uses"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    // Input (1, 0) = 2 stamps the kernel on rows 2, 3 and columns 0, 1.
    EXPECT_EQ(ran.out,
              "input (1, 0) of nn.ConvTranspose2d(1, 1, 2, stride=2)\n"
              "\n"
              "goes to        as            value  ×  factor               value  =  product\n"
              "output (2, 0)  input (1, 0)      2  ×  weight (0, 0, 0, 0)      2  =        4\n"
              "output (2, 1)  input (1, 0)      2  ×  weight (0, 0, 0, 1)      3  =        6\n"
              "output (3, 0)  input (1, 0)      2  ×  weight (0, 0, 1, 0)      4  =        8\n"
              "output (3, 1)  input (1, 0)      2  ×  weight (0, 0, 1, 1)      5  =       10\n"
              "\n"
              "4 terms of output\n");
}

TEST_F(TextCommands, channels_have_subtotals_and_padding_its_place) {
    // Two channels, one row each: 1 2 and 3 4; the kernels 10 20 and 30 40; padding 1 on the left and right.
    const Words common{"explain",  "nn.Conv2d(2, 1, (1, 2), padding=(0, 1))",
                       "--input",  "[[[1,2]],[[3,4]]]",
                       "--weight", "[[[[10,20]],[[30,40]]]]",
                       "--cell"};
    Words corner = common, middle = common;
    corner.push_back("0,0");
    middle.push_back("0,1");
    const Ran left = run(corner), inner = run(middle);
    ASSERT_EQ(left.code, 0) << left.err;
    EXPECT_EQ(words_of_line(left.out, "padding (0, 0, −1)"),
              (Words{"padding", "(0,", "0,", "−1)", "0", "×", "weight", "(0,", "0,", "0,", "0)",
                     "10", "=", "0", "0"}));
    EXPECT_EQ(words_of_line(left.out, "channel 0"), (Words{"channel", "0", "20"}));   // 1·20
    EXPECT_EQ(words_of_line(left.out, "channel 1"), (Words{"channel", "1", "120"}));  // 3·40
    EXPECT_TRUE(holds(left.out, "\noutput (0, 0) = 140\n")) << left.out;
    EXPECT_EQ(words_of_line(inner.out, "channel 0"), (Words{"channel", "0", "50"}));  // 1·10 + 2·20
    EXPECT_EQ(words_of_line(inner.out, "channel 1"),
              (Words{"channel", "1", "250"}));  // 3·30 + 4·40
    EXPECT_TRUE(holds(inner.out, "\noutput (0, 1) = 300\n")) << inner.out;
    // A padding that repeats a cell says which.
    const Ran copied = run({"explain", "nn.Conv2d(1, 1, 3, padding=1, padding_mode='reflect')",
                            "--input", "[[1,2,3],[4,5,6],[7,8,9]]", "--cell", "0,0"});
    EXPECT_TRUE(holds(copied.out, "padding (−1, −1) = input (1, 1)      5")) << copied.out;
    const Ran uses = run({"explain", "nn.Conv2d(1, 1, 3, padding=1, padding_mode='reflect')",
                          "--input", "[[1,2,3],[4,5,6],[7,8,9]]", "--cell", "1,1", "--uses"});
    EXPECT_TRUE(holds(uses.out, "output (0, 0)  padding (−1, −1) = input (1, 1)")) << uses.out;
}

TEST_F(TextCommands, other_ways_to_combine) {
    const Words grid{"--input", "[[1,5],[-3,2]]", "--cell", "0,0"};
    const auto of = [&](const char* layer, Words more = {}) {
        Words arguments{"explain", layer};
        arguments.insert(arguments.end(), grid.begin(), grid.end());
        arguments.insert(arguments.end(), more.begin(), more.end());
        const Ran ran = run(arguments);
        EXPECT_EQ(ran.code, 0) << ran.err;
        return ran.out;
    };
    EXPECT_TRUE(holds(of("nn.MaxPool2d(2)"), "input (0, 1)      5            ← the largest\n"))
        << of("nn.MaxPool2d(2)");
    EXPECT_TRUE(holds(of("nn.AvgPool2d(2)"), "mean: 5.00 / 4\noutput = 1.25\n"))
        << of("nn.AvgPool2d(2)");
    EXPECT_TRUE(holds(of("nn.ReLU()"), "output (0, 0) = 1\n"));
    EXPECT_TRUE(holds(of("nn.Sigmoid()"), "formula: 1 / (1 + exp(−1))\noutput (0, 0) = 0.731058"))
        << of("nn.Sigmoid()");
    // (1 + 5 − 3 + 2) / 4 = 1.25
    const std::string mean = run({"explain", "nn.BatchNorm2d(1)", "--input", "[[1,5],[-3,2]]",
                                  "--stage", "mean", "--cell", "0"})
                                 .out;
    EXPECT_TRUE(holds(mean, "mean: 5.00 / 4\nmean = 1.25\n")) << mean;
    const std::string uses = run({"explain", "nn.BatchNorm2d(1)", "--input", "[[1,5],[-3,2]]",
                                  "--uses", "--cell", "0,1"})
                                 .out;
    EXPECT_TRUE(holds(uses, "1 term of mean")) << uses;
    EXPECT_TRUE(holds(uses, "1 term of normalised")) << uses;
}

TEST_F(TextCommands, layers_and_stages_are_chosen) {
    const std::string chain = "nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU())";
    const Words numbers{"--input", "[[2,-3]]", "--weight", "[[[[4]]]]", "--cell", "0,1"};
    const auto at = [&](Words more) {
        Words arguments{"explain", chain};
        arguments.insert(arguments.end(), numbers.begin(), numbers.end());
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(arguments);
    };
    EXPECT_TRUE(holds(at({}).out, "output (0, 1) of layer 1, nn.ReLU()")) << at({}).out;
    EXPECT_TRUE(holds(at({"--layer", "0"}).out, "output (0, 1) = -12\n"))
        << at({"--layer", "0"}).out;
    EXPECT_TRUE(
        holds(at({"--layer", "0", "--stage", "grad_input"}).out, "grad_input (0, 1) = 0\n"));
    EXPECT_EQ(at({"--layer", "2"}).code, 1);
    EXPECT_TRUE(holds(at({"--layer", "2"}).err, "there are 0 to 1")) << at({"--layer", "2"}).err;
    EXPECT_TRUE(holds(at({"--stage", "outptu"}).err, "there is output"))
        << at({"--stage", "outptu"}).err;
    EXPECT_TRUE(holds(at({"--stage", "nothing like it"}).err, "there are output"))
        << at({"--stage", "nothing like it"}).err;
}

TEST_F(TextCommands, explain_refuses_with_a_sentence) {
    const std::vector<std::pair<Words, std::string>> wrong = {
        {{"explain", "nn.Conv2d(1, 1, 3)", "--cell", "9,9"}, "no cell (0, 0, 9, 9); it is 1×1×5×5"},
        {{"explain", "nn.Conv2d(1, 1, 3)", "--cell", "-1,0"}, "−1"},
        {{"explain", "nn.Conv2d(1, 1, 3)", "--cell", "1"}, "row,column"},
        {{"explain", "nn.Conv2d(1, 1, 3)", "--cell", "1,2,3,4,5"}, "5 indices"},
        {{"explain", "nn.Conv2d(1, 1, 3)", "--cell", "a,b"}, "--cell 3,3"},
        {{"explain", "nn.Conv2d(1, 1, 3)", "--cell", ""}, "--cell 3,3"},
        {{"explain", "nn.Conv2d(1, 1, 3)", "--cell", "1e300,0"}, "--cell 3,3"},
        {{"explain", "nn.Conv2d(1, 1, 30)", "--cell", "0,0", "--input", "7x7"},
         "larger than the input"},
        {{"explain", "nn.Conv2d(1, 1, 3)", "--cell", "0,0", "--weight", "[[1,2],[3,4]]"},
         "--weight: "},
        {{"explain", "nn.Conv2d(1, 1, 3)", "--cell", "0,0", "--input", "[[1,2],[3]]"},
         "--input: Line 1"},
        {{"explain", "nn.Conv2d(1, 1, 3)", "--cell", "0,0", "--input", "none.npy"}, "none.npy"},
        {{"explain", "none.json", "--cell", "0,0"}, "none.json does not exist"},
        {{"explain", ".", "--cell", "0,0"}, "folder"},
    };
    for (const auto& [arguments, part] : wrong) {
        const Ran ran = run(arguments);
        EXPECT_EQ(ran.code, 1) << arguments.back() << ran.out;
        EXPECT_EQ(ran.out, "");
        EXPECT_TRUE(ran.err.starts_with("convscope: ")) << ran.err;
        EXPECT_TRUE(holds(ran.err, part)) << ran.err;
    }
    for (const Words& arguments :
         std::vector<Words>{{"explain"},
                            {"explain", "nn.ReLU()"},
                            {"explain", "a", "b", "--cell", "0,0"},
                            {"explain", "nn.ReLU()", "--cell", "0,0", "--layer", "-1"},
                            {"shapes"},
                            {"shapes", "a", "b"},
                            {"shapes", "--nonsense"}})
        EXPECT_EQ(run(arguments).code, 2);
    for (const char* name : {"explain", "shapes", "eval"}) {
        const Ran help = run({name, "--help"});
        EXPECT_EQ(help.code, 0);
        EXPECT_TRUE(holds(help.out, "Examples:")) << help.out;
    }
}

// ---- shapes

TEST_F(TextCommands, shapes_of_dcgan_generator) {
    const Ran ran = run(
        {"shapes",
         "nn.Sequential(nn.ConvTranspose2d(100, 512, 4, 1, 0, bias=False), nn.BatchNorm2d(512), "
         "nn.ReLU(True),"
         "nn.ConvTranspose2d(512, 256, 4, 2, 1, bias=False), nn.BatchNorm2d(256), nn.ReLU(True),"
         "nn.ConvTranspose2d(256, 128, 4, 2, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU(True),"
         "nn.ConvTranspose2d(128, 64, 4, 2, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(True),"
         "nn.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), nn.Tanh())",
         "--input", "100x1x1"});
    ASSERT_EQ(ran.code, 0) << ran.err;
    // 512·256·4·4 parameters; each of 512·4·4 inputs stamps 256·4·4 products.
    EXPECT_EQ(words_of_line(ran.out, "(512, 256"),
              (Words{"3", "nn.ConvTranspose2d(512,", "256,", "4,", "stride=2,", "padding=1,",
                     "bias=False)", "1×256×8×8", "2,097,152", "33,554,432", "all"}));
    EXPECT_EQ(words_of_line(ran.out, "Tanh"),
              (Words{"13", "nn.Tanh()", "1×3×64×64", "–", "–", "all"}));
    EXPECT_EQ(words_of_line(ran.out, "total")[1], "3,576,704");  // as the paper's code counts them
}

TEST_F(TextCommands, shapes_of_vgg_16) {
    std::string layers;
    int64_t channels = 3;
    for (const auto& [convolutions, wide] :
         std::vector<std::pair<int, int64_t>>{{2, 64}, {2, 128}, {3, 256}, {3, 512}, {3, 512}}) {
        for (int i = 0; i < convolutions; ++i, channels = wide)
            layers += "nn.Conv2d(" + std::to_string(channels) + ", " + std::to_string(wide) +
                      ", 3, padding=1), nn.ReLU(), ";
        layers += "nn.MaxPool2d(2), ";
    }
    const Ran ran = run({"shapes", "nn.Sequential(" + layers + ")", "--input", "3x224x224"});
    ASSERT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(words_of_line(ran.out, "total"), (Words{"total", "14,714,688", "15,346,630,656"}));
    EXPECT_EQ(words_of_line(ran.out, "30 "),
              (Words{"30", "nn.MaxPool2d(2)", "1×512×7×7", "–", "–", "212×212", "32", "−90"}));
}

TEST_F(TextCommands, shapes_end_at_what_cannot_be) {
    const Ran ran =
        run({"shapes", "nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(5, 4, 3), nn.ReLU())",
             "--input", "8x8"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_TRUE(holds(ran.out, "1×4×6×6")) << ran.out;
    EXPECT_FALSE(holds(ran.out, "ReLU"));
    EXPECT_FALSE(holds(ran.out, "total"));
    EXPECT_TRUE(holds(ran.err, "convscope: Layer 1, nn.Conv2d(5, 4, 3): in_channels is 5"))
        << ran.err;
    const Ran uneven =
        run({"shapes", "nn.Conv2d(1, 1, (3, 5), stride=(1, 2), padding=(0, 2))", "--input", "9x9"});
    EXPECT_EQ(words_of_line(uneven.out, "0 "),
              (Words{"0", "nn.Conv2d(1,", "1,", "(3,", "5),", "stride=(1,", "2),", "padding=(0,",
                     "2))", "1×1×7×5", "16", "525", "3×5", "(1,", "2)", "(0,", "−2)"}));
    const Ran up = run({"shapes", "nn.Upsample(scale_factor=2)", "--input", "3x3"});
    EXPECT_EQ(words_of_line(up.out, "Upsample"),
              (Words{"0", "nn.Upsample(scale_factor=2)", "1×1×6×6", "–", "–", "1×1", "1/2", "0"}));
}

// ---- Documents

TEST_F(TextCommands, documents_come_from_files_too) {
    std::string error;
    ASSERT_TRUE(save_document("layer.json", standard_document(), error)) << error;
    write("net.py",
          "\xEF\xBB\xBFimport torch\r\nfrom torch import nn\r\nnet = nn.Sequential(\r\n    "
          "nn.Conv2d(1, 2, 3),  # first\r\n    nn.ReLU(),\r\n)\r\n");
    write("input.txt", "[[1, 2, 3],\n [4, 5, 6],\n [7, 8, 9]]\n");
    Tensor ones({1, 1, 4, 4}, 1.0f);
    ASSERT_TRUE(write_npy("ones.npy", ones, error)) << error;
    const std::vector<unsigned char> grey(5 * 6 * 4, 255);
    ASSERT_TRUE(save_png("white.png", 6, 5, grey, error)) << error;

    EXPECT_TRUE(holds(run({"shapes", "layer.json"}).out, "1×1×4×4"))
        << run({"shapes", "layer.json"}).err;
    EXPECT_TRUE(holds(run({"shapes", "layer.json", "--input", "9x9"}).out, "1×1×5×5"));
    EXPECT_TRUE(holds(run({"shapes", "net.py", "--input", "9x9"}).out, "1×2×7×7"));
    EXPECT_TRUE(holds(run({"shapes", "net.py", "--input", "input.txt"}).out, "1×2×1×1"));
    EXPECT_TRUE(holds(run({"shapes", "net.py", "--input", "ones.npy"}).out, "1×2×2×2"));
    EXPECT_TRUE(
        holds(run({"shapes", "nn.Conv2d(3, 2, 3)", "--input", "white.png"}).out, "1×2×3×4"));
    // A 3×3 kernel of ones inside an input of ones.
    const Ran summed = run({"explain", "layer.json", "--input", "ones.npy", "--weight",
                            "[[1,1,1],[1,1,1],[1,1,1]]", "--cell", "1,1"});
    EXPECT_TRUE(holds(summed.out, "output (1, 1) = 9\n")) << summed.err << summed.out;

    write("wrong.py", "nn.Sequential(\n  nn.Conv2d(1, 2, 3, strid=2))\n");
    const Ran wrong = run({"shapes", "wrong.py"});
    EXPECT_EQ(wrong.code, 1);
    EXPECT_TRUE(holds(wrong.err, "convscope: wrong.py: Line 2, column 22")) << wrong.err;
    EXPECT_TRUE(wrong.err.ends_with("  nn.Conv2d(1, 2, 3, strid=2))\n                     ^\n"))
        << wrong.err;
    write("broken.json", "{\"convscope\": 1,");
    EXPECT_TRUE(holds(run({"shapes", "broken.json"}).err, "broken.json"))
        << run({"shapes", "broken.json"}).err;
    EXPECT_TRUE(holds(run({"shapes", "white.png"}).err, "--input"))
        << run({"shapes", "white.png"}).err;
}

TEST_F(TextCommands, shot_and_play_take_expressions) {
    const Words options{"--canvas-only", "--size", "600x420", "-o"};
    const auto shot = [&](Words arguments, const std::string& file) {
        arguments.insert(arguments.begin(), "shot");
        arguments.insert(arguments.end(), options.begin(), options.end());
        arguments.push_back(file);
        const Ran ran = run(arguments);
        EXPECT_EQ(ran.code, 0) << ran.err;
        std::ifstream bytes(file, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(bytes), {});
    };
    const std::string stamp = shot(kStamp, "a.png"), standard = shot({}, "b.png"),
                      numbers = shot({"--input", "5x5"}, "c.png");
    EXPECT_NE(stamp, standard);
    EXPECT_NE(numbers, standard);
    const Ran refused = run({"shot", "nn.Conv2d(1, 1, 3, strid=2)", "-o", "d.png"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_TRUE(holds(refused.err, "stride is")) << refused.err;
    EXPECT_FALSE(std::filesystem::exists("d.png"));

    write("check.txt", "expect output 3,3 15\nexpect layers 1\nexpect shape output 1x1x4x4\n");
    Words play{"play", "check.txt", "--headless", "--document"};
    play.insert(play.end(), kStamp.begin(), kStamp.end());
    EXPECT_EQ(run(play).code, 0) << run(play).err;
    EXPECT_EQ(run({"play", "check.txt", "--headless"}).code, 1);
}

// ---- docs/command-line.md

/// The words of a command as a shell gives them.
Words shell_words(const std::string& command) {
    Words words;
    bool quoted = false, open = false;
    for (const char c : command) {
        if (c == '\'') quoted = !quoted;
        if (c == ' ' && !quoted) {
            open = false;
        } else {
            if (!std::exchange(open, true)) words.emplace_back();
            if (c != '\'') words.back() += c;
        }
    }
    return words;
}

TEST_F(TextCommands, the_documentation_shows_what_is_printed) {
    std::ifstream file(CONVSCOPE_SOURCE_DIR "/docs/command-line.md");
    std::vector<std::pair<std::string, std::string>> examples;
    int cases = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("    $ convscope ")) {
            examples.emplace_back(line.substr(16), "");
        } else if (line.starts_with("    {") && holds(line, "\"op\"")) {
            ++cases;
            EXPECT_FALSE(holds(eval_line(line).json, "error")) << eval_line(line).json;
        } else if (!examples.empty() && (line.starts_with("    ") || line.empty())) {
            examples.back().second += (line.empty() ? line : line.substr(4)) + "\n";
        } else if (!examples.empty() && !examples.back().first.empty()) {
            examples.emplace_back();  // text between: what follows is no output
        }
    }
    EXPECT_EQ(cases, 2);
    int shown = 0;
    for (auto& [command, expected] : examples) {
        if (command.empty()) continue;
        ++shown;
        while (expected.ends_with("\n\n")) expected.pop_back();
        const Ran ran = run(shell_words(command));
        EXPECT_EQ(ran.out, expected) << command << ran.err;
    }
    EXPECT_GE(shown, 4);
}

}  // namespace
}  // namespace convscope
