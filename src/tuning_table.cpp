#include "tuning_table.hpp"

#include <array>

#include "flat_json.hpp"
#include "status.hpp"

namespace topkit {
namespace {

constexpr std::array<TuningField<CpuTuning>, 11> kCpuFields{{
    {"maxima_bytes", &CpuTuning::maxima_bytes, 0},
    {"maxima_k", &CpuTuning::maxima_k, 0},
    {"maxima_k_ratio", &CpuTuning::maxima_k_ratio, 1},
    {"chunks_k", &CpuTuning::chunks_k, 0},
    {"chunks_k_ratio", &CpuTuning::chunks_k_ratio, 1},
    {"chunks_rows", &CpuTuning::chunks_rows, 0},
    {"blocked_k_ratio", &CpuTuning::blocked_k_ratio, 1},
    {"sampled_cols", &CpuTuning::sampled_cols, 0},
    {"sampled_k_ratio", &CpuTuning::sampled_k_ratio, 1},
    {"thread_bytes", &CpuTuning::thread_bytes, 1},
    {"split_row_bytes", &CpuTuning::split_row_bytes, 0},
}};

constexpr std::array<TuningField<CudaTuning>, 14> kCudaFields{{
    {"sort_k", &CudaTuning::sort_k, 0},
    {"sort_cols", &CudaTuning::sort_cols, 0},
    {"sort_k_ratio", &CudaTuning::sort_k_ratio, 1},
    {"warp_cols", &CudaTuning::warp_cols, 0},
    {"warp_k", &CudaTuning::warp_k, 0},
    {"resident_k", &CudaTuning::resident_k, 0},
    {"resident_k_ratio", &CudaTuning::resident_k_ratio, 1},
    {"cluster_block_bytes", &CudaTuning::cluster_block_bytes, 0},
    {"cluster_bytes", &CudaTuning::cluster_bytes, 0},
    {"radix_k_ratio", &CudaTuning::radix_k_ratio, 1},
    {"radix_cols", &CudaTuning::radix_cols, 0},
    {"stream_k", &CudaTuning::stream_k, 0},
    {"stream_k_ratio", &CudaTuning::stream_k_ratio, 1},
    {"grid_cols", &CudaTuning::grid_cols, 0},
}};

// A field that only the struct had would be 0 in every table that is read.
constexpr std::size_t kProvenance = 3 * sizeof(std::string_view);
static_assert(sizeof(CpuTuning) == (1 + kCpuFields.size()) * sizeof(std::int64_t) + kProvenance);
static_assert(sizeof(CudaTuning) == (1 + kCudaFields.size()) * sizeof(std::int64_t) + kProvenance);

constexpr std::string_view kVersion = "topkit_tuning";

Isa isa_named(const FlatObject& row) {
  const std::string& word = row.text("isa");
  for (int i = 0; i < kIsas; ++i)
    if (name(static_cast<Isa>(i)) == word) return static_cast<Isa>(i);
  row.wrong("isa", formatted("is '{}': must be one of avx512 avx2 neon scalar", word));
}

template <class Row>
void read_fields(const FlatObject& from, std::span<const TuningField<Row>> fields, std::string_view key, Row& row) {
  for (const TuningField<Row>& field : fields) {
    row.*field.place = from.number(field.name);
    if (row.*field.place < field.least) from.wrong(field.name, formatted("is below {}", field.least));
  }
  from.expect_only([&](std::string_view name) {
    if (name == key) return true;
    for (const TuningField<Row>& field : fields)
      if (field.name == name) return true;
    return false;
  });
}

void put(std::vector<CpuTuning>& rows, const CpuTuning& row) {
  for (CpuTuning& old : rows)
    if (old.isa == row.isa) old = row;
}

template <class Row>
std::string json_of(const Row& row, std::span<const TuningField<Row>> fields, const std::string& key) {
  std::string text = "    {" + key;
  for (const TuningField<Row>& field : fields) text += formatted(", \"{}\": {}", field.name, row.*field.place);
  return text + "}";
}

template <class Row>
std::string inc_of(const Row& row, std::span<const TuningField<Row>> fields, const std::string& key,
                   const TuningTable& from) {
  std::string text = formatted("{{{},\n", key), line = " ";
  for (const TuningField<Row>& field : fields) {
    const std::string part = formatted(".{} = {},", field.name, row.*field.place);
    if (line.size() + part.size() > 110) text += line.substr(0, line.size() - 1) + '\n', line = " ";
    line += part + ' ';
  }
  text += line.substr(0, line.size() - 1);
  return text +
         formatted("\n .machine = \"{}\", .date = \"{}\", .commit = \"{}\"}},\n", from.machine, from.date, from.commit);
}

}  // namespace

std::span<const TuningField<CpuTuning>> cpu_tuning_fields() { return kCpuFields; }
std::span<const TuningField<CudaTuning>> cuda_tuning_fields() { return kCudaFields; }

TuningTable parse_tuning(std::string_view text, std::string_view what) {
  const FlatFile file = parse_flat_json(text, what);
  const FlatObject& head = file.head;
  if (!head.has(kVersion)) head.wrong(kVersion, "is missing: this is no table of topkit tune");
  if (head.number(kVersion) != 1)
    head.wrong(kVersion, formatted("is {}: topkit {} reads 1", head.number(kVersion), tk_version()));
  TuningTable table;
  if (head.text("device") != "cpu" && head.text("device") != "cuda") head.wrong("device", "is neither cpu nor cuda");
  table.device = head.text("device") == "cuda" ? DeviceKind::cuda : DeviceKind::cpu;
  table.machine = head.text("machine");
  table.date = head.text("date");
  table.commit = head.text("commit");
  if (file.rows.empty()) head.wrong("rows", "has no row");
  const Tuning& built_in = built_in_tuning();
  table.cpu.assign(built_in.cpu.begin(), built_in.cpu.end());
  table.cuda.assign(built_in.cuda.begin(), built_in.cuda.end());
  for (const FlatObject& from : file.rows) {
    if (table.device == DeviceKind::cpu) {
      CpuTuning row{};
      row.isa = isa_named(from);
      read_fields<CpuTuning>(from, kCpuFields, "isa", row);
      put(table.cpu, row);
    } else {
      CudaTuning row{};
      row.capability = static_cast<int>(from.number("capability"));
      if (row.capability < 80 || row.capability > 999)
        from.wrong("capability", "is not in 80..999: 10 * major + minor");
      read_fields<CudaTuning>(from, kCudaFields, "capability", row);
      // Of one device: whatever capability asks, this is the row.
      table.cuda.assign(1, row);
    }
  }
  return table;
}

void expect_device(const TuningTable& table, const Device& device, std::string_view what) {
  if (table.device == device.kind && table.machine == device.name) return;
  invalid("{}: was measured on {} ({}), this is {} ({}): topkit tune makes one for it", what, table.machine,
          name(table.device), device.name, name(device.kind));
}

std::string to_json(const TuningTable& table) {
  std::string rows;
  if (table.device == DeviceKind::cpu)
    for (const CpuTuning& row : table.cpu)
      rows += (rows.empty() ? "" : ",\n") +
              json_of<CpuTuning>(row, kCpuFields, formatted("\"isa\": \"{}\"", name(row.isa)));
  else
    for (const CudaTuning& row : table.cuda)
      rows += (rows.empty() ? "" : ",\n") +
              json_of<CudaTuning>(row, kCudaFields, formatted("\"capability\": {}", row.capability));
  return formatted(
      "{{\n  \"{}\": 1,\n  \"device\": \"{}\",\n  \"machine\": \"{}\",\n  \"date\": \"{}\",\n  \"commit\": \"{}\",\n  "
      "\"rows\": [\n{}\n  ]\n}}\n",
      kVersion, name(table.device), quoted(table.machine), quoted(table.date), quoted(table.commit), rows);
}

std::string to_inc(const CpuTuning& row, const TuningTable& from) {
  return inc_of<CpuTuning>(row, kCpuFields, formatted(".isa = Isa::{}", name(row.isa)), from);
}
std::string to_inc(const CudaTuning& row, const TuningTable& from) {
  return inc_of<CudaTuning>(row, kCudaFields, formatted(".capability = {}", row.capability), from);
}

}  // namespace topkit
