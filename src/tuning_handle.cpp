// tk_tuning: a table behind a handle of the C interface.
#include <memory>

#include "device.hpp"
#include "status.hpp"
#include "tuning_table.hpp"

struct tk_tuning {
  topkit::TuningTable table;
};

namespace topkit {

const TuningTable& table_of(const tk_tuning& tuning) { return tuning.table; }

}  // namespace topkit

using namespace topkit;

tk_status tk_tuning_read(const char* text, size_t bytes, tk_tuning** tuning) {
  return guarded([&] {
    if (tuning == nullptr) invalid("tuning = NULL: a place for the table is required");
    *tuning = nullptr;
    if (text == nullptr) invalid("text = NULL: the text of a file of topkit tune is required");
    auto made = std::make_unique<tk_tuning>(tk_tuning{.table = parse_tuning({text, bytes}, "tuning")});
    if (made->table.device == DeviceKind::cpu) expect_device(made->table, cpu_device(), "tuning");
    *tuning = made.release();
  });
}

void tk_tuning_free(tk_tuning* tuning) { delete tuning; }
