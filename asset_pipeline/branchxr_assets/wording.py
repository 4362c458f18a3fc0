"""What every warning means, in an artist's words: English and Russian, each with a remedy.

The details (which object, which numbers) stand beside in the warning's own path and message.
`tests/assets/test_wording.py` holds that no code is missing.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """One language: what happened, in a line; what to do about it."""

    title: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What a code means.

    Attributes:
        level: `loss` (something of the scene is gone), `change` (kept, but not as it was) or
            `advice` (nothing is lost; the branch may be worse for it).
    """

    level: str
    en: Words
    ru: Words


def wording(code: str) -> Wording | None:
    """Return what a code means; `None` for one that is not in the table."""
    return _TABLE.get(code)


def codes() -> frozenset[str]:
    """Return all codes that have words."""
    return frozenset(_TABLE)


def _row(level: str, *texts: str) -> Wording:
    """Take title and remedy in English, then in Russian."""
    en_title, en_remedy, ru_title, ru_remedy = texts
    return Wording(level, Words(en_title, en_remedy), Words(ru_title, ru_remedy))


# fmt: off
_TABLE: Final = {
    "anchor_kind": _row("advice", "An anchor is of a kind that the branch does not know", "Write spawn, counter, seat, atm, panel or queue in the property branch_anchor; other words are kept for scripts.", "Якорь неизвестного вида", "Напишите в свойстве branch_anchor одно из слов: spawn, counter, seat, atm, panel, queue; другие слова остаются для скриптов."),
    "anchor_property": _row("change", "A property of an anchor has a name that the branch uses itself", "Rename the property: path, kind, position and rotation are taken.", "Свойство якоря названо словом, занятым самим отделением", "Переименуйте свойство: path, kind, position и rotation заняты."),
    "anchor_text": _row("change", "Lists of an anchor came as text; they are read as lists", "Nothing to do: FBX has no lists.", "Списки у якоря пришли текстом; они прочитаны как списки", "Делать ничего не нужно: в FBX списков нет."),
    "anchor_unreachable": _row("advice", "Nobody can walk up to an anchor", "Move it within 2 m of floor that a spawn is connected to, or clear what stands in the way.", "К якорю невозможно подойти", "Поставьте его не дальше 2 м от пола, связанного с точкой входа, или уберите то, что мешает пройти."),
    "animation_broken": _row("loss", "An animation cannot be played; the broken part was left out", "Bake the action and export again.", "Анимация не воспроизводится; испорченная часть пропущена", "Запеките действие и экспортируйте снова."),
    "animation_constant": _row("advice", "An animation moves nothing; it was left out", "Delete the empty action, or key what should move.", "Анимация ничего не двигает и пропущена", "Удалите пустое действие или добавьте ключи."),
    "animation_long": _row("loss", "An animation is hours long and was left out", "Cut it into clips.", "Анимация длится часами и пропущена", "Разрежьте её на клипы."),
    "animation_lost": _row("loss", "An animation of something that glTF cannot move is left out", "Animate transforms or shape keys instead.", "Анимация того, что glTF двигать не умеет, пропущена", "Анимируйте трансформации или формы."),
    "animation_merged": _row("change", "One action was written several times; it is one clip", "Nothing to do: nothing is lost.", "Одно действие записано несколько раз; это один клип", "Делать ничего не нужно: ничего не потеряно."),
    "animation_properties": _row("loss", "Animated properties other than transforms and shape keys are left out", "Animate place, rotation, scale or shape keys instead.", "Анимация свойств, кроме трансформаций и форм, пропущена", "Анимируйте положение, поворот, масштаб или формы."),
    "animations_joined": _row("change", "Animation elements, one for each channel, were joined into clips", "Nothing to do: nothing is lost.", "Элементы анимации, по одному на канал, собраны в клипы", "Делать ничего не нужно: ничего не потеряно."),
    "attribute_not_finite": _row("change", "Some normals, UVs or colours are no numbers; they were mended", "Recalculate normals and UVs, and export again.", "Часть нормалей, UV или цветов — не числа; они исправлены", "Пересчитайте нормали и UV и экспортируйте снова."),
    "attribute_renamed": _row("change", "Numbered vertex data without the numbers before it was given another name", "Nothing to do, unless it was to be the first set.", "Пронумерованные данные вершин без предыдущих номеров переименованы", "Делать ничего не нужно, если это не должен был быть первый набор."),
    "attributes_lost": _row("loss", "Columns of vertices, such as vertex groups, are left out", "Keep the skin in glTF or FBX.", "Столбцы вершин, например группы вершин, пропущены", "Храните скин в glTF или FBX."),
    "audio_dropped": _row("loss", "Sounds are left out", "Give sounds to the branch's developers as files.", "Звуки пропущены", "Передайте звуки разработчикам отделения файлами."),
    "axes_assumed": _row("advice", "The format does not say which way is up; the usual way was taken", "Build with --up Y if the scene lies on its back.", "В формате не сказано, где верх; взято обычное", "Соберите с --up Y, если сцена лежит на боку."),
    "blend_library_outside": _row("loss", "A linked library lies outside the scene's folder; what it gives is left out", "Put it beside the scene, or make it local.", "Связанная библиотека лежит вне папки сцены; её содержимое пропущено", "Положите её рядом со сценой или сделайте локальной."),
    "blend_modifiers": _row("loss", "A mesh with shape keys keeps its modifiers unapplied", "Apply the modifiers before making shape keys.", "У меша с формами модификаторы не применены", "Примените модификаторы до создания форм."),
    "blend_unit": _row("change", "Blender's scene unit is not a metre; it was taken into account", "Set Unit Scale to 1 to be sure of sizes.", "Единица сцены Blender — не метр; это учтено", "Задайте Unit Scale = 1, чтобы размеры были надёжны."),
    "budget_draws": _row("advice", "Too many objects are drawn one by one", "Join what never moves, and share materials.", "Слишком много объектов рисуются по одному", "Объедините неподвижное и используйте общие материалы."),
    "budget_download": _row("advice", "The whole package is a large download", "Scale down the largest textures of the list below, or build with --preset mobile.", "Весь пакет — большая загрузка", "Уменьшите самые большие текстуры из списка ниже или соберите с --preset mobile."),
    "budget_first_sight": _row("advice", "What visitors see first is too large", "Build the package again with this version.", "Первый вид, который загружается, слишком велик", "Соберите пакет заново этой версией."),
    "budget_lights": _row("advice", "Very many lights", "Bake the light into textures and keep the few that matter.", "Очень много источников света", "Запеките свет в текстуры и оставьте несколько важных источников."),
    "budget_materials": _row("advice", "Very many materials", "Share materials between objects; put colours into one texture.", "Очень много материалов", "Используйте общие материалы; соберите цвета в одну текстуру."),
    "budget_texture_memory": _row("advice", "Textures take more graphics memory than headsets have", "Halve the largest textures of the list below.", "Текстурам нужно больше видеопамяти, чем есть у шлемов", "Уменьшите вдвое самые большие текстуры из списка ниже."),
    "budget_texture_side": _row("advice", "A texture is larger than anybody can see", "Make it 4096 pixels or less.", "Текстура больше, чем можно разглядеть", "Уменьшите её до 4096 пикселей или меньше."),
    "budget_triangles": _row("advice", "More triangles than headsets draw well", "Simplify the densest meshes of the list below, or use copies that share one mesh.", "Треугольников больше, чем хорошо тянут шлемы", "Упростите самые плотные меши из списка ниже или используйте копии с общим мешем."),
    "bump_converted": _row("change", "A bump map was turned into a normal map", "Check its depth.", "Карта высот превращена в карту нормалей", "Проверьте глубину рельефа."),
    "cache_not_written": _row("advice", "The build could not remember what it made: the next one takes as long", "Make room on the disk, or set BRANCHXR_CACHE_DIR to a folder that can be written.", "Результаты сборки не сохранены в кэш: следующая займёт столько же времени", "Освободите место на диске или задайте BRANCHXR_CACHE_DIR."),
    "camera_lost": _row("loss", "A camera could not be kept", "Make it again with a plain lens.", "Камера не сохранена", "Создайте её заново с обычным объективом."),
    "coarsest_left_out": _row("advice", "There is no plain first view: visitors wait for a fuller one", "Nothing to do when the scene has no solid surfaces; else check that they are meshes.", "Нет простого первого вида: посетители ждут более полный", "Если в сцене нет поверхностей, делать ничего не нужно; иначе проверьте, что это меши."),
    "colour_clamped": _row("change", "Vertex colours outside 0 to 1 were clamped", "Paint them within the range, or use emission for glow.", "Цвета вершин вне диапазона 0–1 обрезаны", "Покрасьте в пределах диапазона; для свечения используйте emission."),
    "colour_lost": _row("loss", "A colour is given in a way that is not read", "Give it as RGB.", "Цвет задан непонятным образом", "Задайте его в RGB."),
    "constraint_dropped": _row("loss", "A constraint is not kept", "Bake it to keyframes before the export.", "Ограничение (constraint) не сохраняется", "Перед экспортом запеките его в ключи."),
    "curves_dropped": _row("loss", "Curves are left out", "Convert them to meshes before the export.", "Кривые пропущены", "Перед экспортом превратите их в меши."),
    "element_lost": _row("loss", "A part of the file that is neither vertices nor faces is left out", "Export a plain mesh.", "Часть файла, не вершины и не грани, пропущена", "Экспортируйте простой меш."),
    "extension_dropped": _row("loss", "A glTF extension is not understood and was left out", "Export without it if it carries something you need.", "Расширение glTF не поддерживается и пропущено", "Если в нём что-то нужное, экспортируйте без него."),
    "faces_dropped": _row("loss", "Faces with fewer than three corners are left out", "Delete loose edges and points.", "Грани менее чем с тремя вершинами пропущены", "Удалите отдельные рёбра и точки."),
    "fbx_by_blender": _row("change", "The file was read by your Blender, as nothing else could", "Export it again with a current exporter.", "Файл прочитан вашим Blender: иначе не получилось", "Экспортируйте его заново свежим экспортёром."),
    "fbx_odd": _row("advice", "The file is odd in places; it was read all the same", "Export it again with a current exporter if something is missing.", "В файле есть странности; он всё же прочитан", "Если чего-то не хватает, экспортируйте заново свежим экспортёром."),
    "floor_guessed": _row("advice", "The floor was guessed: the largest level surface", "Give the floor's object the custom property walkable = true.", "Пол выбран наугад: самая большая горизонтальная поверхность", "Добавьте объекту пола пользовательское свойство walkable = true."),
    "floor_levels": _row("advice", "There are floors on several heights; people walk on one", "Mark only one storey walkable, or build each storey as a scene of its own.", "Полы на разной высоте; ходить можно только по одному", "Пометьте walkable только один этаж или соберите этажи отдельными сценами."),
    "floor_missing": _row("advice", "There is no floor to walk on", "Give the floor's object the custom property walkable = true, and see that it is level.", "Нет пола, по которому можно ходить", "Добавьте объекту пола пользовательское свойство walkable = true и проверьте, что он горизонтален."),
    "floor_not_sought": _row("advice", "The scene is too large for `inspect` to look for a floor", "Nothing to do: `build` and `validate` look for it.", "Сцена слишком велика, чтобы `inspect` искал в ней пол", "Делать ничего не нужно: его найдут `build` и `validate`."),
    "floor_too_large": _row("advice", "The floor is too large for a walking grid", "Mark only the rooms walkable, not the land around; check the unit of the export.", "Пол слишком велик для сетки проходимости", "Пометьте walkable только помещения, без участка вокруг; проверьте единицы экспорта."),
    "geometry_dropped": _row("loss", "Geometry that is no mesh (curves, patches) is left out", "Convert it to a mesh before the export.", "Геометрия, которая не меш (кривые, патчи), пропущена", "Перед экспортом превратите её в меш."),
    "geometry_lost": _row("loss", "Geometry that is no mesh is left out", "Convert it to a mesh before the export.", "Геометрия, которая не меш, пропущена", "Перед экспортом превратите её в меш."),
    "geometry_missing": _row("loss", "An object shows geometry that the file does not have", "Export the scene again.", "Объект показывает геометрию, которой в файле нет", "Экспортируйте сцену заново."),
    "image_cmyk": _row("change", "A texture in printing colours (CMYK) was made RGB", "Save it as RGB to see the colours before they are shown.", "Текстура в печатных цветах (CMYK) переведена в RGB", "Сохраните её в RGB, чтобы заранее видеть цвета."),
    "image_converted": _row("change", "A texture was converted to a format that browsers show", "Nothing to do, unless the details say that something of it was lost.", "Текстура переведена в формат, понятный браузеру", "Делать ничего не нужно, если в подробностях не сказано о потерях."),
    "image_guessed": _row("change", "A texture was not where the file says; one of the same name was taken", "Check that it is the right one, and use relative paths.", "Текстуры нет по указанному пути; взята одноимённая", "Проверьте, что это она, и используйте относительные пути."),
    "image_not_ktx2": _row("advice", "A texture could not be made KTX2; it is WebP", "Make it smaller than 12 megapixels, or use one image for colours and another for numbers.", "Текстуру не удалось сделать KTX2; она сохранена как WebP", "Уменьшите её до 12 мегапикселей или разделите изображение: одно для цвета, другое для чисел."),
    "image_kept": _row("advice", "A texture was kept as it came: it could not be made smaller without loss", "Use 8-bit PNG or JPEG if the size matters.", "Текстура оставлена как есть: уменьшить без потерь не удалось", "Если важен размер, используйте 8-битный PNG или JPEG."),
    "image_missing": _row("loss", "A texture is not there", "Put it beside the scene or into a folder textures, or pack it into the file.", "Текстуры нет на месте", "Положите её рядом со сценой или в папку textures либо упакуйте в файл."),
    "image_outside": _row("loss", "A texture lies outside the scene's folder and was not read", "Put it beside the scene, or pack it into the file.", "Текстура лежит вне папки сцены и не прочитана", "Положите её рядом со сценой или упакуйте в файл."),
    "image_turned": _row("change", "A photograph says that it lies on its side; it is shown as its pixels are stored", "Turn it in a picture editor and save it, if it looks wrong.", "Фотография помечена как повёрнутая; она показана так, как хранятся её пиксели", "Если она выглядит неверно, поверните и сохраните её в редакторе изображений."),
    "image_unreadable": _row("loss", "A texture cannot be read", "Save it again as PNG or JPEG.", "Текстура не читается", "Сохраните её заново в PNG или JPEG."),
    "joint_out_of_range": _row("change", "A skin names bones that it does not have; they count for nothing", "Clean up the vertex groups and export again.", "Скин ссылается на несуществующие кости; они не учитываются", "Почистите группы вершин и экспортируйте снова."),
    "ktx2_encoder_failed": _row("advice", "The KTX2 encoder on this machine does not work; textures are WebP", "Install KTX-Software anew, or remove the broken program.", "Кодировщик KTX2 на этом компьютере не работает; текстуры сохранены как WebP", "Переустановите KTX-Software или удалите неисправную программу."),
    "library_missing": _row("loss", "The file of materials is not beside the scene", "Copy the .mtl beside the .obj.", "Файла материалов нет рядом со сценой", "Скопируйте .mtl рядом с .obj."),
    "light_guessed": _row("change", "The brightness of a light was guessed: the format has no unit for it", "Look at the result, and change intensities where needed.", "Яркость света подобрана: в формате нет её единицы", "Посмотрите на результат и поправьте яркость."),
    "light_kept_as_data": _row("change", "A light of a kind that glTF has not is kept as data", "Replace area and sky lights by point, spot or sun, or bake them.", "Свет такого вида, которого нет в glTF, сохранён как данные", "Замените площадной и небесный свет точечным, прожектором или солнцем либо запеките его."),
    "light_lost": _row("loss", "A light could not be kept", "Use point, spot or sun.", "Источник света не сохранён", "Используйте точечный свет, прожектор или солнце."),
    "light_units": _row("change", "The brightness of lights was guessed: the format has no unit for it", "Look at the result, and change intensities where needed.", "Яркость света подобрана: в формате нет её единицы", "Посмотрите на результат и поправьте яркость."),
    "lines_lost": _row("loss", "Loose lines are left out", "Delete them, or turn them into tubes.", "Отдельные линии пропущены", "Удалите их или превратите в трубки."),
    "lod_dropped": _row("loss", "Levels of detail made by hand are left out; the finest is kept", "Nothing to do: the pipeline makes its own levels.", "Готовые уровни детализации пропущены; оставлен самый подробный", "Делать ничего не нужно: уровни строятся сами."),
    "material_guessed": _row("change", "A material's values contradict one another; the likely meaning was taken", "Look at the result; set transparency by d, not Tr.", "Значения материала противоречат друг другу; взят вероятный смысл", "Посмотрите на результат; прозрачность задавайте через d, а не Tr."),
    "material_lost": _row("loss", "A part of a material could not be kept", "Bake it into base colour, roughness, metalness, normals or emission.", "Часть материала не сохранена", "Запеките её в цвет, шероховатость, металличность, нормали или свечение."),
    "material_missing": _row("loss", "A material is used that the file does not define; it is plain", "Export the materials (.mtl) with the scene.", "Материал используется, но не определён; он простой", "Экспортируйте материалы (.mtl) вместе со сценой."),
    "material_parts": _row("loss", "A part of a material has no counterpart in glTF", "Bake it into base colour, roughness, metalness, normals or emission.", "Части материала нет соответствия в glTF", "Запеките её в цвет, шероховатость, металличность, нормали или свечение."),
    "mesh_cache": _row("loss", "Motion from a point cache is not kept", "Use bones or shape keys.", "Движение из кэша точек не сохраняется", "Используйте кости или формы."),
    "mesh_empty": _row("advice", "A mesh has no surface; its object stays without it", "Delete it, or give it faces.", "У меша нет поверхности; объект остаётся без него", "Удалите его или добавьте грани."),
    "mesh_holes": _row("change", "Faces marked as holes stay open", "Delete the marks if the faces should be seen.", "Грани, помеченные как дыры, остались открытыми", "Снимите метки, если грани должны быть видны."),
    "mesh_lines": _row("loss", "Faces with one or two corners are left out", "Delete loose edges, or turn lines into tubes.", "Грани с одной или двумя вершинами пропущены", "Удалите отдельные рёбра или превратите линии в трубки."),
    "mesh_missing": _row("loss", "The file has no faces: nothing is to be seen", "Export it as a mesh.", "В файле нет граней: смотреть не на что", "Экспортируйте как меш."),
    "mesh_not_compressed": _row("advice", "A mesh could not be compressed and was kept as it was", "Look for broken normals or texture coordinates in it; nothing of it is lost.", "Меш не удалось сжать; он оставлен как есть", "Проверьте его нормали и развёртку; ничего не потеряно."),
    "mesh_without_draco": _row("advice", "A mesh cannot be packed with Draco; it is whole, and only larger", "Nothing to do; --codec meshopt packs points, lines and signed integers.", "Меш нельзя упаковать кодеком Draco; он цел, только больше", "Делать ничего не нужно; --codec meshopt упаковывает точки, линии и целые со знаком."),
    "mesh_not_simplified": _row("advice", "A mesh could not be simplified; coarser levels show it in full", "Split it into smaller meshes.", "Меш не удалось упростить; на грубых уровнях он показан полностью", "Разделите его на меши поменьше."),
    "mesh_subdivision": _row("change", "A subdivision surface came as its base mesh", "Apply the subdivision before the export.", "Поверхность подразделения пришла базовым мешем", "Примените подразделение перед экспортом."),
    "mesh_unused": _row("loss", "A mesh is shown by no object and was left out", "Delete it, or link it to an object.", "Меш не показан ни одним объектом и пропущен", "Удалите его или привяжите к объекту."),
    "morph_empty": _row("loss", "A shape key has no shape and was left out", "Delete it, or model it.", "Форма (shape key) пуста и пропущена", "Удалите или смоделируйте её."),
    "morph_in_between": _row("change", "In-between shapes became shapes of their own", "Check how they blend; glTF has no in-betweens.", "Промежуточные формы стали отдельными формами", "Проверьте, как они смешиваются: в glTF промежуточных форм нет."),
    "morph_lost": _row("loss", "A shape key could not be kept", "Export it with the mesh's own vertices.", "Форма (shape key) не сохранена", "Экспортируйте её с теми же вершинами, что у меша."),
    "morph_shape_lost": _row("loss", "A shape has no weight of its own and is left out", "Give each in-between shape a weight of its own.", "У формы нет своего веса; она пропущена", "Задайте каждой промежуточной форме свой вес."),
    "morph_shared": _row("change", "Several meshes share one shape key; each has its own now", "Nothing to do: nothing is lost.", "Несколько мешей делят одну форму; теперь у каждого своя", "Делать ничего не нужно: ничего не потеряно."),
    "node_hidden": _row("change", "A hidden object is in the package", "Delete it if nobody should have it.", "Скрытый объект попал в пакет", "Удалите его, если он не нужен."),
    "node_missing": _row("loss", "An object refers to another that the file does not have", "Export the scene again.", "Объект ссылается на другой, которого в файле нет", "Экспортируйте сцену заново."),
    "node_not_finite": _row("change", "A transform holds values that are no numbers; the object stays where its parent is", "Set its transform again and export.", "В трансформации не числа; объект стоит там, где его родитель", "Задайте трансформацию заново и экспортируйте."),
    "node_sheared": _row("change", "An object is sheared; it was turned into plain geometry or straightened", "Apply rotation and scale of its parents before the export.", "Объект перекошен (shear); он выпрямлен или превращён в обычную геометрию", "Перед экспортом примените поворот и масштаб его родителей."),
    "node_transform": _row("change", "An object's place, rotation or scale was unusable and was mended", "Apply its transforms and export again.", "Положение, поворот или масштаб объекта были негодными и исправлены", "Примените трансформации и экспортируйте снова."),
    "node_unplaced": _row("loss", "An object is in no scene that is shown", "Link it to the scene, or delete it.", "Объект не входит в показанную сцену", "Добавьте его в сцену или удалите."),
    "normal_missing": _row("change", "A mesh came without usable normals; they were made", "Export normals, to decide yourself what is smooth.", "У меша не было годных нормалей; они построены", "Экспортируйте нормали, чтобы сглаживание было вашим."),
    "points_lost": _row("loss", "Loose points are left out", "Delete them, or export a mesh.", "Отдельные точки пропущены", "Удалите их или экспортируйте меш."),
    "primitive_empty": _row("loss", "A part of a mesh has nothing to draw and was left out", "Delete loose points and edges, or give them faces.", "В части меша нечего рисовать; она пропущена", "Удалите отдельные точки и рёбра или добавьте грани."),
    "property_dropped": _row("loss", "A custom property was left out", "Set it on the object itself, to a number, a text or a list.", "Пользовательское свойство пропущено", "Задайте его у самого объекта: числом, текстом или списком."),
    "property_on_material": _row("change", "Custom properties of a material stay with the material", "Nothing to do: they are in the extras of the glTF material. For scripts that look at nodes, set them on the object too.", "Пользовательские свойства материала остались у материала", "Делать ничего не нужно: они в extras материала glTF. Для скриптов, которые смотрят на узлы, задайте их и у объекта."),
    "property_uncounted": _row("advice", "Data of programs is kept beside custom properties", "Nothing to do: it is in the extras of its node.", "Данные программ сохранены рядом с пользовательскими свойствами", "Делать ничего не нужно: они в extras своего узла."),
    "reference_outside": _row("loss", "Something in another file was not read", "Export everything into one file.", "Содержимое другого файла не прочитано", "Экспортируйте всё в один файл."),
    "scale_implausible": _row("advice", "The scene has an unlikely size", "Check the unit of the scene and of the export: a branch is measured in metres. Nothing was rescaled.", "У сцены неправдоподобный размер", "Проверьте единицы сцены и экспорта: отделение измеряется в метрах. Масштаб не менялся."),
    "scale_person": _row("advice", "A person is unlikely tall or small", "Check the unit of the figure's file, and apply its scale before the export.", "Человек неправдоподобного роста", "Проверьте единицы файла персонажа и примените масштаб перед экспортом."),
    "scene_dropped": _row("loss", "The file holds other scenes; they are left out", "Export each scene as a file of its own.", "В файле есть другие сцены; они не вошли", "Экспортируйте каждую сцену отдельным файлом."),
    "scene_far": _row("advice", "The scene lies far from the origin, where pictures tremble", "Move everything to the origin before the export; check that the unit is metres.", "Сцена далеко от начала координат, картинка будет дрожать", "Перед экспортом перенесите всё к началу координат; проверьте, что единица — метр."),
    "scene_missing": _row("change", "The file names no scene; everything in it is shown", "Export the scene that you want to show.", "В файле не указана сцена; показано всё", "Экспортируйте ту сцену, которую нужно показать."),
    "skin_influences": _row("change", "A vertex follows more than four bones; the four strongest are kept", "Limit total influences to 4 before the export.", "Вершина следует более чем за четырьмя костями; оставлены четыре сильнейшие", "Ограничьте число влияний до 4 перед экспортом."),
    "skin_lost": _row("loss", "A skin could not be kept; the mesh stands still", "Bind the mesh to its bones again and export.", "Скин не сохранён; меш неподвижен", "Заново привяжите меш к костям и экспортируйте."),
    "skin_method": _row("change", "Dual-quaternion skinning became linear", "Check shoulders and wrists; add helper bones where volume is lost.", "Скиннинг двойными кватернионами стал линейным", "Проверьте плечи и запястья; где теряется объём, добавьте вспомогательные кости."),
    "skin_not_finite": _row("change", "A skin's rest pose holds values that are no numbers; they were mended", "Set the rest pose again and export.", "В позе покоя скина есть не числа; они исправлены", "Задайте позу покоя заново и экспортируйте."),
    "skin_pose": _row("change", "A skinned mesh stands where its bind pose has it", "Set the bind pose to the pose you want at rest.", "Меш со скином стоит в позе привязки", "Задайте позу привязки такой, какой должна быть поза покоя."),
    "skin_second": _row("loss", "A mesh has several skins; the first is kept", "Merge them into one skin.", "У меша несколько скинов; оставлен первый", "Объедините их в один скин."),
    "skin_trees": _row("change", "The bones of a skin stood in several trees; they have one now", "Put the bones under one root.", "Кости скина стояли в разных деревьях; теперь дерево одно", "Соберите кости под одним корнем."),
    "skin_unused": _row("loss", "A skin is used by no mesh that can be seen", "Delete the armature, or bind a mesh to it.", "Скин не используется ни одним видимым мешем", "Удалите арматуру или привяжите к ней меш."),
    "spawn_enclosed": _row("advice", "A spawn stands shut in", "Move it out of the wall or the furniture it stands in.", "Точка входа со всех сторон закрыта", "Вынесите её из стены или мебели."),
    "surfaces_lost": _row("loss", "Curves and surfaces by formula are left out", "Convert them to meshes before the export.", "Кривые и поверхности по формулам пропущены", "Перед экспортом превратите их в меши."),
    "textures_webp": _row("advice", "No KTX2 encoder is on this machine; textures are WebP", "Install KTX-Software, or type: npm install -g ktx2-encoder.", "На этом компьютере нет кодировщика KTX2; текстуры сохранены как WebP", "Установите KTX-Software или наберите: npm install -g ktx2-encoder."),
    "text_mended": _row("change", "A name holds half a character; a question mark stands in for it", "Type the name again.", "В имени половина символа; вместо неё знак вопроса", "Введите имя заново."),
    "tangent_mended": _row("change", "Tangents without a direction were made anew from the UVs", "Export tangents again, or leave them out: viewers compute them.", "Касательные без направления построены заново по UV", "Экспортируйте касательные снова или не пишите их: программы просмотра вычисляют их сами."),
    "texture_alpha": _row("change", "The transparency of a texture is used by no material; it is ignored", "Connect it to opacity if it is meant.", "Прозрачность текстуры не используется материалом; она не учтена", "Подключите её к непрозрачности, если она нужна."),
    "texture_bump": _row("loss", "A bump map holds heights and is lost", "Bake a normal map.", "Карта высот (bump) потеряна", "Запеките карту нормалей."),
    "texture_channel": _row("change", "One channel of a picture was asked for; its brightness is used", "Save that channel as a picture of its own.", "Нужен был один канал картинки; взята её яркость", "Сохраните этот канал отдельной картинкой."),
    "texture_dropped": _row("loss", "A texture has no place in glTF and is left out", "Bake what it does into base colour, roughness or normals.", "Текстуре нет места в glTF; она пропущена", "Запеките её действие в цвет, шероховатость или нормали."),
    "texture_layers": _row("loss", "A texture has several layers; the first is kept", "Bake the layers into one.", "У текстуры несколько слоёв; оставлен первый", "Запеките слои в один."),
    "texture_lost": _row("loss", "A texture has no place in glTF and is left out", "Bake what it does into base colour, roughness or normals.", "Текстуре нет места в glTF; она пропущена", "Запеките её действие в цвет, шероховатость или нормали."),
    "texture_procedural": _row("loss", "A computed texture is no picture and is left out", "Bake it into a picture.", "Процедурная текстура — не картинка; она пропущена", "Запеките её в картинку."),
    "texture_shear": _row("change", "A texture is sheared on its surface; the shear is lost", "Bake the mapping into the UVs.", "Текстура перекошена на поверхности; перекос потерян", "Запеките наложение в UV."),
    "texture_transform_lost": _row("change", "Where a texture lies on its surface is not kept as it was", "Bake the placement into the UVs and export again.", "Положение текстуры на поверхности сохранено не полностью", "Запеките положение в UV и экспортируйте снова."),
    "texture_turned": _row("advice", "A texture is turned on its surface; programs turn about different points", "Check how it lies; bake the placement into the UVs to be sure.", "Текстура повёрнута на поверхности; программы вращают вокруг разных точек", "Проверьте, как она лежит; для надёжности запеките положение в UV."),
    "triangles_uncounted": _row("advice", "The file holds more triangles than it says", "Look whether all of them belong there; else export again.", "В файле больше треугольников, чем в нём сказано", "Проверьте, все ли они нужны; иначе экспортируйте снова."),
    "unit_assumed": _row("advice", "The format has no unit; metres were taken", "Build with --unit, such as --unit 0.001 for millimetres.", "В формате нет единицы; взяты метры", "Соберите с --unit, например --unit 0.001 для миллиметров."),
    "unit_in_comment": _row("advice", "A comment names a unit, which the format has not; metres are taken", "Export in metres, or build with --unit.", "В комментарии названа единица, которой в формате нет; взяты метры", "Экспортируйте в метрах или соберите с --unit."),
    "unit_unknown": _row("advice", "The unit that the file names is not understood; metres were taken", "Set the unit of the scene to metres and export again.", "Единица, указанная в файле, непонятна; взяты метры", "Задайте единицу сцены «метр» и экспортируйте снова."),
    "usd_animated_attribute": _row("loss", "An animated attribute is kept at rest", "Animate transforms, bones or blend shapes.", "Анимированный атрибут остался в покое", "Анимируйте трансформации, кости или формы."),
    "usd_animation_timeline": _row("change", "USD has one timeline: what it moves is one clip, skeletons and shapes have their own", "Nothing to do; for clips of your own names export glTF or FBX.", "В USD одна шкала времени: её движения — один клип, у скелетов и форм свои", "Делать ничего не нужно; чтобы имена клипов были вашими, экспортируйте glTF или FBX."),
    "usd_animation_unused": _row("loss", "An animation has nothing to move", "Bind it, or delete it.", "Анимации нечего двигать", "Привяжите её или удалите."),
    "usd_blend_shape": _row("loss", "A blend shape does not fit its mesh and is left out", "Make it again from the mesh as it is.", "Форма (blend shape) не подходит к мешу и пропущена", "Сделайте её заново из нынешнего меша."),
    "usd_composition": _row("advice", "USD complained while it put the stage together", "Open the stage in usdview and mend what it says.", "USD сообщил о проблемах при сборке сцены", "Откройте сцену в usdview и исправьте указанное."),
    "usd_displacement": _row("loss", "Displacement is left out", "Bake it to a normal map.", "Смещение (displacement) пропущено", "Запеките его в карту нормалей."),
    "usd_geometry_skipped": _row("loss", "Geometry that is no mesh is not drawn", "Convert it to a mesh.", "Геометрия, которая не меш, не рисуется", "Превратите её в меш."),
    "usd_holes": _row("change", "Faces marked as holes are left out", "Delete the marks if the faces should be seen.", "Грани, помеченные как дыры, пропущены", "Снимите метки, если грани должны быть видны."),
    "usd_inbetween": _row("change", "In-between shapes became shapes of their own", "Check how they blend; glTF has no in-betweens.", "Промежуточные формы стали отдельными", "Проверьте, как они смешиваются."),
    "usd_instances": _row("loss", "A point instancer contradicts itself; what does not fit is left out", "Export it again.", "Инстансер противоречит сам себе; лишнее пропущено", "Экспортируйте его заново."),
    "usd_layer_missing": _row("loss", "A file that the stage refers to is not there", "Copy it beside the stage, or export one flattened file.", "Файла, на который ссылается сцена, нет", "Скопируйте его рядом или экспортируйте одним файлом (flatten)."),
    "usd_layer_outside": _row("loss", "A file outside the stage's folder was not read", "Copy it beside the stage, or export one flattened file.", "Файл вне папки сцены не прочитан", "Скопируйте его рядом или экспортируйте одним файлом (flatten)."),
    "usd_layer_unreadable": _row("loss", "A file that the stage refers to cannot be read", "Export it again.", "Файл, на который ссылается сцена, не читается", "Экспортируйте его заново."),
    "usd_light": _row("loss", "A part of a light is left out", "Bake what matters of it.", "Часть свойств света пропущена", "Запеките важное."),
    "usd_names_restored": _row("change", "Names differ from those of the prims: the exporter had changed them", "Nothing to do.", "Имена отличаются от имён примов: их изменил экспортёр", "Делать ничего не нужно."),
    "usd_primvar": _row("loss", "A primvar does not fit its mesh and is left out", "Export it again.", "Примвар не подходит к мешу и пропущен", "Экспортируйте заново."),
    "usd_primvar_reader": _row("loss", "A material reads values that glTF has not", "Bake them into a texture.", "Материал читает значения, которых нет в glTF", "Запеките их в текстуру."),
    "usd_purpose": _row("change", "A guide or proxy is not drawn; its object stays", "Nothing to do.", "Вспомогательная геометрия (guide, proxy) не рисуется; объект остался", "Делать ничего не нужно."),
    "usd_shader": _row("loss", "A part of a material has no counterpart in glTF", "Use UsdPreviewSurface, or bake it.", "Части материала нет соответствия в glTF", "Используйте UsdPreviewSurface или запеките."),
    "usd_shader_beside": _row("advice", "Another material lies beside the preview surface; it is not used", "Bake what matters of it into UsdPreviewSurface.", "Рядом с UsdPreviewSurface есть другой материал; он не используется", "Запеките важное в UsdPreviewSurface."),
    "usd_shader_input": _row("change", "A material's value is no number; its default is used", "Set it again and export.", "Значение материала — не число; взято значение по умолчанию", "Задайте его заново и экспортируйте."),
    "usd_shader_node": _row("loss", "A shader node is not understood", "Use UsdPreviewSurface with plain textures.", "Узел шейдера не поддерживается", "Используйте UsdPreviewSurface с обычными текстурами."),
    "usd_shape": _row("change", "A shape by formula (sphere, cube) became a mesh", "Nothing to do.", "Фигура по формуле (сфера, куб) стала мешем", "Делать ничего не нужно."),
    "usd_skeleton": _row("change", "A skeleton is incomplete; rest poses stand in", "Export the bind pose.", "Скелет неполон; взята поза покоя", "Экспортируйте позу привязки."),
    "usd_skinning_method": _row("change", "Dual-quaternion skinning became linear", "Check shoulders and wrists.", "Скиннинг двойными кватернионами стал линейным", "Проверьте плечи и запястья."),
    "usd_subdivision": _row("change", "A subdivision surface came as its base mesh", "Apply the subdivision before the export.", "Поверхность подразделения пришла базовым мешем", "Примените подразделение перед экспортом."),
    "usd_subset": _row("change", "A set of faces contradicts the mesh", "Assign materials to faces again.", "Набор граней противоречит мешу", "Назначьте материалы граням заново."),
    "usd_timeline": _row("advice", "The stage does not say how fast its time runs", "Set timeCodesPerSecond.", "В сцене не указана скорость времени", "Задайте timeCodesPerSecond."),
    "usd_transform": _row("change", "A transform holds values that are no numbers; the object stays where its parent is", "Set its transform again and export.", "В трансформации не числа; объект стоит там, где его родитель", "Задайте трансформацию заново и экспортируйте."),
    "usd_udim": _row("loss", "Of a tiled texture (UDIM), the first tile is kept", "Bake the tiles into one texture.", "Из текстуры UDIM сохранён первый тайл", "Запеките тайлы в одну текстуру."),
    "usd_unit_missing": _row("advice", "The stage does not say its unit", "Set metersPerUnit.", "В сцене не указана единица", "Задайте metersPerUnit."),
    "usd_uv_missing": _row("loss", "A material wants texture coordinates that the mesh has not", "Unwrap the mesh.", "Материалу нужны UV, которых у меша нет", "Сделайте развёртку."),
    "usd_variants": _row("loss", "Of variants, the chosen one is kept", "Export each variant as a file of its own.", "Из вариантов сохранён выбранный", "Экспортируйте каждый вариант отдельным файлом."),
    "usd_wrap": _row("change", "Beyond its edge a texture repeats differently", "Keep the UVs within the picture.", "За краем текстура повторяется иначе", "Держите UV в пределах картинки."),
    "vertex_colours_lost": _row("loss", "Vertex colours in comments (ZBrush) do not fit the vertices and are lost", "Export them as PLY.", "Цвета вершин в комментариях (ZBrush) не подходят к вершинам и потеряны", "Экспортируйте их в PLY."),
}
# fmt: on
