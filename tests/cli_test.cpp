// The command line: exit codes, what is printed where, and that every refusal is a sentence.
#include "app/cli/cli.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/io/image.h"

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

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// An own empty folder as the working one.
class Cli : public testing::Test {
protected:
    void SetUp() override {
        before_ = std::filesystem::current_path();
        const auto* info = testing::UnitTest::GetInstance()->current_test_info();
        const auto folder = before_ / "cli_test" / info->name();
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
        std::filesystem::current_path(folder);
    }
    void TearDown() override { std::filesystem::current_path(before_); }

    static void write(const std::string& name, const std::string& text) { std::ofstream(name, std::ios::binary) << text; }
    static bool exists(const std::string& name) { return std::filesystem::exists(name); }

private:
    std::filesystem::path before_;
};

TEST_F(Cli, HelpAndVersionGoToStandardOutput) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{{"--help"}, {"-h"}, {"shot", "--help"}, {"play", "--help"}}) {
        const Ran ran = run(arguments);
        EXPECT_EQ(ran.code, 0);
        EXPECT_EQ(ran.err, "");
        EXPECT_TRUE(holds(ran.out, "Examples:")) << ran.out;
    }
    EXPECT_TRUE(holds(run({"shot", "--help"}).out, "--step"));
    EXPECT_TRUE(holds(run({"play", "--help"}).out, "--headless"));
    const Ran version = run({"--version"});
    EXPECT_EQ(version.code, 0);
    EXPECT_TRUE(version.out.starts_with("Convscope "));
    EXPECT_TRUE(holds(version.out, "Dear ImGui"));
}

TEST_F(Cli, WrongUsageIsTwo) {
    for (const auto& arguments : std::vector<std::vector<std::string>>{
             {"--nonsense"}, {"shot", "--size", "1280"}, {"shot", "--size", "0x0"}, {"shot", "--size", "99999x99999"},
             {"shot", "--theme", "pink"}, {"shot", "--scale", "9"}, {"shot", "--scale", "nan"}, {"shot", "--step", "-1"},
             {"shot", "--step", "7.5"}, {"shot", "--step", "99999999999999999999999"}, {"shot", "--pin", "output"},
             {"shot", "-o", "out.jpg"}, {"shot", "a.json", "--example", "b"}, {"play"}, {"play", "a", "b"}, {"a.png", "b.png"},
             {"--threads", "257"}, {"shot", "--threads", "-1"}, {"eval", "--threads", "many"}}) {
        const Ran ran = run(arguments);
        EXPECT_EQ(ran.code, 2) << arguments.back();
        EXPECT_TRUE(ran.err.starts_with("convscope: ")) << ran.err;
        EXPECT_EQ(ran.out, "");
    }
}

/// 16 maps of 1000 × 1000 numbers are 61 MiB and the input 4; kept are those of the convolution and of the activation.
TEST_F(Cli, ExportKeepsToTheMemoryThatItIsGiven) {
    const std::string chain = "nn.Sequential(nn.Conv2d(1, 16, 1), nn.ReLU())";
    const auto exported = [&](const std::string& memory, const std::string& tensor) {
        return run({"export", chain, "--input", "1000x1000", "--memory", memory, "--tensor", tensor, "-o", "a.npy"});
    };
    const Ran refused = exported("100M", "1.output");
    EXPECT_EQ(refused.code, 1);
    EXPECT_TRUE(holds(refused.err, "takes 126 MB of memory; the budget is 100 MB")) << refused.err;
    EXPECT_EQ(exported("200M", "1.output").code, 0);
    const Ran alone = exported("100M", "output");
    EXPECT_EQ(alone.code, 0) << alone.err;
    EXPECT_EQ(run({"explain", chain, "--input", "1000x1000", "--memory", "100M", "--cell", "0,0,0,0"}).code, 1);
}

TEST_F(Cli, ShotWritesAPictureOfThatSize) {
    const Ran ran = run({"shot", "--view", "slide", "--step", "7", "--size", "900x620", "--theme", "dark", "-o", "a.png"});
    ASSERT_EQ(ran.code, 0) << ran.err;
    const ImageResult picture = load_image("a.png");
    ASSERT_TRUE(picture.ok()) << picture.error;
    EXPECT_EQ(picture.tensor.shape().w, 900);
    EXPECT_EQ(picture.tensor.shape().h, 620);
}

TEST_F(Cli, ShotIsTheSameEveryTimeAndShowsItsStep) {
    const auto bytes = [](const std::string& name) {
        std::ifstream file(name, std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    };
    const auto shot = [&](const std::string& step, const std::string& name) {
        EXPECT_EQ(run({"shot", "--step", step, "--canvas-only", "--size", "600x420", "-o", name}).code, 0);
        return bytes(name);
    };
    const std::string seventh = shot("7", "a.png");
    EXPECT_EQ(seventh, shot("7", "b.png"));
    EXPECT_NE(seventh, shot("8", "c.png"));
    EXPECT_NE(seventh, shot("0", "d.png"));
    // Past the end is the last: 16 windows of 9 terms.
    EXPECT_EQ(shot("144", "e.png"), shot("1000000", "f.png"));
}

TEST_F(Cli, ShotRefusesWithASentence) {
    write("broken.json", "{\"layers\": [");
    write("empty.png", "");
    write("text.txt", "Just words.");
    const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
        {{"shot", "missing.png"}, "missing.png"},
        {{"shot", "broken.json"}, "broken.json"},
        {{"shot", "empty.png"}, "empty.png"},
        {{"shot", "text.txt"}, "text.txt"},
        {{"shot", "."}, ""},
        {{"shot", "--example", "Nothing like it"}, "Emboss on random integers"},
        {{"shot", "--view", "sideways"}, "slide, scatter"},
        {{"shot", "--unit", "hour", "--step", "1"}, "term"},
        {{"shot", "--layer", "3"}, "layer 3"},
        {{"shot", "--set", "strid=2"}, "stride"},
        {{"shot", "--set", "stride=fast"}, "fast"},
        {{"shot", "--set", "stride"}, "key=value"},
        {{"shot", "--set", "padding_mode=mirror"}, "reflect"},
        {{"shot", "--set", "kernel_size=99"}, "kernel"},
        {{"shot", "--set", "stride=99999999999999999999"}, ""},
        {{"shot", "--pin", "output", "99,99"}, "1×1×4×4"},
        {{"shot", "--pin", "output", "one,two"}, "output 1,3"},
        {{"shot", "-o", "no/such/folder/a.png"}, "a.png"},
    };
    for (auto [arguments, part] : wrong) {
        if (arguments.size() < 2 || arguments[arguments.size() - 2] != "-o") {
            arguments.push_back("-o");
            arguments.push_back("never.png");
        }
        const Ran ran = run(arguments);
        EXPECT_EQ(ran.code, 1) << arguments[1] << " " << ran.err;
        EXPECT_TRUE(ran.err.starts_with("convscope: ")) << ran.err;
        EXPECT_TRUE(ran.err.ends_with(".\n")) << ran.err;
        EXPECT_TRUE(holds(ran.err, part)) << ran.err;
        EXPECT_FALSE(exists("never.png"));
    }
}

TEST_F(Cli, TheMemoryBudgetIsAnAmount) {
    for (const std::string wrong : {"x", "4", "G", "-1G", "0M", "nanG", "infG", "1e9G", "1T", ""}) {
        const Ran ran = run({"shot", "--memory", wrong});
        EXPECT_EQ(ran.code, 2) << wrong;
        EXPECT_FALSE(exists("convscope.png"));
    }
    const Ran refused = run({"shot", "nn.Conv2d(1, 64, 1)", "--input", "1x400x400", "--memory", "20M"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_TRUE(holds(refused.err, "takes 40 MB of memory; the budget is 20 MB")) << refused.err;
    EXPECT_EQ(run({"shot", "nn.Conv2d(1, 64, 1)", "--input", "1x400x400", "--memory", "1.5g"}).code, 0);
}

TEST_F(Cli, SetChangesTheLayer) {
    // 7×7, kernel 3: stride 3 and padding 0 leave 2×2 outputs of 9 terms, so step 36 is the last.
    ASSERT_EQ(run({"shot", "--set", "stride=3", "--set", "padding=0", "--step", "36", "--canvas-only", "-o", "a.png"}).code, 0);
    ASSERT_EQ(run({"shot", "--set", "stride=3", "--set", "padding=0", "--step", "37", "--canvas-only", "-o", "b.png"}).code, 0);
    ASSERT_EQ(run({"shot", "--set", "stride=3", "--set", "padding=0", "--step", "35", "--canvas-only", "-o", "c.png"}).code, 0);
    const auto last = load_image("a.png"), past = load_image("b.png"), before = load_image("c.png");
    const auto same = [](const ImageResult& a, const ImageResult& b) {
        return std::equal(a.tensor.values().begin(), a.tensor.values().end(), b.tensor.values().begin(), b.tensor.values().end());
    };
    EXPECT_TRUE(same(last, past));
    EXPECT_FALSE(same(last, before));
}

TEST_F(Cli, ALecturesPictureMayHideTheAnswers) {
    ASSERT_EQ(run({"shot", "--step", "68", "--lecture", "--size", "900x600", "-o", "told.png"}).code, 0);
    ASSERT_EQ(run({"shot", "--step", "68", "--lecture", "--ask", "--size", "900x600", "-o", "asked.png"}).code, 0);
    const auto told = load_image("told.png"), asked = load_image("asked.png");
    ASSERT_EQ(told.tensor.shape(), asked.tensor.shape());
    EXPECT_FALSE(std::equal(told.tensor.values().begin(), told.tensor.values().end(), asked.tensor.values().begin()));
    EXPECT_NE(run({"shot", "--ask", "-o", "none.png"}).code, 0);
}

TEST_F(Cli, PlayRefusesWithASentence) {
    write("line3.txt", "say\n\nfly\n");
    write("label.txt", "# first\nclick Parameters/strid\n");
    write("binary.txt", std::string("say\n\0\1\2", 7));
    write("check.txt", "expect output 0,0 12345\n");
    write("covered.txt", "key Ctrl+P\nwait 0.3\nclick input 3,3\n");
    write("outside.txt", "wheel canvas +9\nwheel canvas +9\ncell input 0,0\n");
    const std::vector<std::pair<std::string, std::vector<std::string>>> wrong = {
        {"missing.txt", {"missing.txt"}},
        {"line3.txt", {"line3.txt", "Line 3", "fly"}},
        {"label.txt", {"label.txt", "Line 2", "Parameters/strid", "Parameters/stride"}},
        {"binary.txt", {"Line 2", "not text"}},
        {"check.txt", {"Line 1", "12345"}},
        {"covered.txt", {"Line 3", "covered"}},
        {"outside.txt", {"Line 3", "outside"}},
        {".", {}},
    };
    for (const auto& [name, parts] : wrong) {
        const Ran ran = run({"play", name, "--headless"});
        EXPECT_EQ(ran.code, 1) << name;
        EXPECT_TRUE(ran.err.starts_with("convscope: ")) << ran.err;
        for (const auto& part : parts) EXPECT_TRUE(holds(ran.err, part)) << ran.err;
    }
}

TEST_F(Cli, PlayWritesBesideTheScript) {
    std::filesystem::create_directories("deep");
    write("deep/script.txt", "say\nstep 0\nshot a.png\ndump b.json\n");
    const Ran ran = run({"play", "deep/script.txt", "--headless", "--size", "900x620"});
    ASSERT_EQ(ran.code, 0) << ran.err;
    EXPECT_NE(ran.out, "");
    EXPECT_TRUE(exists("deep/a.png"));
    EXPECT_TRUE(exists("deep/b.json"));
}

class NoDisplay : public Cli {
protected:
    void SetUp() override {
        Cli::SetUp();
        for (const char* name : kNames) {
            const char* value = std::getenv(name);
            kept_.emplace_back(name, value ? std::optional<std::string>(value) : std::nullopt);
            unsetenv(name);
        }
    }
    void TearDown() override {
        for (const auto& [name, value] : kept_)
            if (value) setenv(name.c_str(), value->c_str(), 1);
        Cli::TearDown();
    }

private:
    static constexpr const char* kNames[] = {"DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"};
    std::vector<std::pair<std::string, std::optional<std::string>>> kept_;
};

TEST_F(NoDisplay, TheWindowBecomesAPicture) {
    const Ran ran = run({});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_TRUE(holds(ran.out, "no display")) << ran.out;
    EXPECT_TRUE(holds(ran.out, "convscope.png")) << ran.out;
    EXPECT_TRUE(load_image("convscope.png").ok());
}

TEST_F(NoDisplay, PlayNeedsHeadless) {
    write("a.txt", "say\n");
    const Ran ran = run({"play", "a.txt"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_TRUE(holds(ran.err, "--headless")) << ran.err;
}

TEST_F(Cli, AWindowThatCannotBeHadIsOne) {
    const char* before = std::getenv("DISPLAY");
    const std::string kept = before ? before : "";
    setenv("DISPLAY", ":987", 1);
    const Ran ran = run({});
    if (kept.empty()) unsetenv("DISPLAY");
    else setenv("DISPLAY", kept.c_str(), 1);
    EXPECT_EQ(ran.code, 1);
    EXPECT_TRUE(ran.err.starts_with("convscope: ")) << ran.err;
}

}  // namespace
}  // namespace convscope
