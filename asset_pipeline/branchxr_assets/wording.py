"""What every warning means, in an artist's words: English and Russian, each with a remedy.

`{count}` is how many there are of this code. The details (which object, which numbers) stand
beside in the warning's own message. `tests/assets/test_wording.py` holds that no code is missing.
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
    en_title, en_remedy, ru_title, ru_remedy = texts
    return Wording(level, Words(en_title, en_remedy), Words(ru_title, ru_remedy))


_TABLE: Final = {
    # --- anchors and floor
    "anchor_kind": _row(
        "advice",
        "An anchor is of a kind that the branch does not know",
        "Write spawn, counter, seat, atm, panel or queue in the property branch_anchor; other words are kept for scripts.",
        "Якорь неизвестного вида",
        "Напишите в свойстве branch_anchor одно из слов: spawn, counter, seat, atm, panel, queue; другие слова остаются для скриптов.",
    ),
    "anchor_property": _row(
        "change",
        "A property of an anchor has a name that the branch uses itself",
        "Rename the property: path, kind, position and rotation are taken.",
        "Свойство якоря названо словом, занятым самим отделением",
        "Переименуйте свойство: path, kind, position и rotation заняты.",
    ),
    "anchor_unreachable": _row(
        "advice",
        "Nobody can walk up to an anchor",
        "Move it within 2 m of floor that a spawn is connected to, or clear what stands in the way.",
        "К якорю невозможно подойти",
        "Поставьте его не дальше 2 м от пола, связанного с точкой входа, или уберите то, что мешает пройти.",
    ),
    "spawn_enclosed": _row(
        "advice",
        "A spawn stands shut in",
        "Move it out of the wall or the furniture it stands in.",
        "Точка входа со всех сторон закрыта",
        "Вынесите её из стены или мебели.",
    ),
    "floor_missing": _row(
        "advice",
        "There is no floor to walk on",
        "Give the floor's object the custom property walkable = true, and see that it is level.",
        "Нет пола, по которому можно ходить",
        "Добавьте объекту пола пользовательское свойство walkable = true и проверьте, что он горизонтален.",
    ),
    "floor_guessed": _row(
        "advice",
        "The floor was guessed: the largest level surface",
        "Give the floor's object the custom property walkable = true.",
        "Пол выбран наугад: самая большая горизонтальная поверхность",
        "Добавьте объекту пола пользовательское свойство walkable = true.",
    ),
    "floor_levels": _row(
        "advice",
        "There are floors on several heights; people walk on one",
        "Mark only one storey walkable, or build each storey as a scene of its own.",
        "Полы на разной высоте; ходить можно только по одному",
        "Пометьте walkable только один этаж или соберите этажи отдельными сценами.",
    ),
    "floor_too_large": _row(
        "advice",
        "The floor is too large for a walking grid",
        "Mark only the rooms walkable, not the land around; check the unit of the export.",
        "Пол слишком велик для сетки проходимости",
        "Пометьте walkable только помещения, без участка вокруг; проверьте единицы экспорта.",
    ),
    # --- size, place, unit
    "scene_far": _row(
        "advice",
        "The scene lies far from the origin, where pictures tremble",
        "Move everything to the origin before the export; check that the unit is metres.",
        "Сцена далеко от начала координат, картинка будет дрожать",
        "Перед экспортом перенесите всё к началу координат; проверьте, что единица — метр.",
    ),
    "scale_odd": _row(
        "advice",
        "The scene has an unlikely size",
        "Check the unit of the scene and of the export: the branch is measured in metres. Nothing was rescaled.",
        "У сцены неправдоподобный размер",
        "Проверьте единицы сцены и экспорта: отделение измеряется в метрах. Масштаб не менялся.",
    ),
    "scale_person": _row(
        "advice",
        "A person is unlikely tall or small",
        "Check the unit of the figure's file, and apply its scale before the export.",
        "Человек неправдоподобного роста",
        "Проверьте единицы файла персонажа и примените масштаб перед экспортом.",
    ),
    # --- budgets
    "budget_triangles": _row(
        "advice",
        "More triangles than headsets draw well",
        "Simplify the densest meshes of the list below, or use copies that share one mesh.",
        "Треугольников больше, чем хорошо тянут шлемы",
        "Упростите самые плотные меши из списка ниже или используйте копии с общим мешем.",
    ),
    "budget_draws": _row(
        "advice",
        "Too many objects are drawn one by one",
        "Join what never moves, and share materials.",
        "Слишком много объектов рисуются по одному",
        "Объедините неподвижное и используйте общие материалы.",
    ),
    "budget_materials": _row(
        "advice",
        "Very many materials",
        "Share materials between objects; put colours into one texture.",
        "Очень много материалов",
        "Используйте общие материалы; соберите цвета в одну текстуру.",
    ),
    "budget_lights": _row(
        "advice",
        "Very many lights",
        "Bake the light into textures and keep the few that matter.",
        "Очень много источников света",
        "Запеките свет в текстуры и оставьте несколько важных источников.",
    ),
    "budget_texture_side": _row(
        "advice",
        "A texture is larger than anybody can see",
        "Make it 4096 pixels or less.",
        "Текстура больше, чем можно разглядеть",
        "Уменьшите её до 4096 пикселей или меньше.",
    ),
    "budget_texture_memory": _row(
        "advice",
        "Textures take more graphics memory than headsets have",
        "Halve the largest textures of the list below.",
        "Текстурам нужно больше видеопамяти, чем есть у шлемов",
        "Уменьшите вдвое самые большие текстуры из списка ниже.",
    ),
    "budget_first_sight": _row(
        "advice",
        "What visitors see first is too large",
        "Build the package again with this version.",
        "Первый вид, который загружается, слишком велик",
        "Соберите пакет заново этой версией.",
    ),
    "coarsest_left_out": _row(
        "advice",
        "There is no plain first view: visitors wait for a fuller one",
        "Nothing to do when the scene has no solid surfaces; else check that they are meshes.",
        "Нет простого первого вида: посетители ждут более полный",
        "Если в сцене нет поверхностей, делать ничего не нужно; иначе проверьте, что это меши.",
    ),
    # --- nodes and scenes
    "scene_missing": _row(
        "change",
        "The file names no scene; everything in it is shown",
        "Export the scene that you want to show.",
        "В файле не указана сцена; показано всё",
        "Экспортируйте ту сцену, которую нужно показать.",
    ),
    "scene_dropped": _row(
        "loss",
        "The file holds other scenes; they are left out",
        "Export each scene as a file of its own.",
        "В файле есть другие сцены; они не вошли",
        "Экспортируйте каждую сцену отдельным файлом.",
    ),
    "node_unplaced": _row(
        "loss",
        "An object is in no scene that is shown",
        "Link it to the scene, or delete it.",
        "Объект не входит в показанную сцену",
        "Добавьте его в сцену или удалите.",
    ),
    "node_sheared": _row(
        "change",
        "An object is sheared; it was turned into plain geometry or straightened",
        "Apply rotation and scale of its parents before the export.",
        "Объект перекошен (shear); он выпрямлен или превращён в обычную геометрию",
        "Перед экспортом примените поворот и масштаб его родителей.",
    ),
    "node_transform": _row(
        "change",
        "An object's place, rotation or scale was unusable and was mended",
        "Apply its transforms and export again.",
        "Положение, поворот или масштаб объекта были негодными и исправлены",
        "Примените трансформации и экспортируйте снова.",
    ),
    "text_mended": _row(
        "change",
        "A name holds half a character; a question mark stands in for it",
        "Type the name again.",
        "В имени половина символа; вместо неё знак вопроса",
        "Введите имя заново.",
    ),
    # --- geometry
    "attribute_not_finite": _row(
        "change",
        "Some normals, UVs or colours are no numbers; they were mended",
        "Recalculate normals and UVs, and export again.",
        "Часть нормалей, UV или цветов — не числа; они исправлены",
        "Пересчитайте нормали и UV и экспортируйте снова.",
    ),
    "colour_clamped": _row(
        "change",
        "Vertex colours outside 0 to 1 were clamped",
        "Paint them within the range, or use emission for glow.",
        "Цвета вершин вне диапазона 0–1 обрезаны",
        "Покрасьте в пределах диапазона; для свечения используйте emission.",
    ),
    "normals_made": _row(
        "change",
        "A mesh came without normals; they were made",
        "Export normals, to decide yourself what is smooth.",
        "У меша не было нормалей; они построены",
        "Экспортируйте нормали, чтобы сглаживание было вашим.",
    ),
    # --- textures and materials
    "image_unreadable": _row(
        "loss",
        "A texture cannot be read",
        "Save it again as PNG or JPEG.",
        "Текстура не читается",
        "Сохраните её заново в PNG или JPEG.",
    ),
    "image_missing": _row(
        "loss",
        "A texture is not there",
        "Put it beside the scene or into a folder textures, or pack it into the file.",
        "Текстуры нет на месте",
        "Положите её рядом со сценой или в папку textures либо упакуйте в файл.",
    ),
    "image_kept": _row(
        "advice",
        "A texture was kept as it came: it could not be made smaller without loss",
        "Use 8-bit PNG or JPEG if the size matters.",
        "Текстура оставлена как есть: уменьшить без потерь не удалось",
        "Если важен размер, используйте 8-битный PNG или JPEG.",
    ),
    "image_cmyk": _row(
        "change",
        "A texture in printing colours (CMYK) was made RGB",
        "Save it as RGB to see the colours before they are shown.",
        "Текстура в печатных цветах (CMYK) переведена в RGB",
        "Сохраните её в RGB, чтобы заранее видеть цвета.",
    ),
    "image_converted": _row(
        "change",
        "A texture was converted to a format that browsers show",
        "Nothing to do, unless the details say that something of it was lost.",
        "Текстура переведена в формат, понятный браузеру",
        "Делать ничего не нужно, если в подробностях не сказано о потерях.",
    ),
    "image_guessed": _row(
        "change",
        "A texture was not where the file says; one of the same name was taken",
        "Check that it is the right one, and use relative paths.",
        "Текстуры нет по указанному пути; взята одноимённая",
        "Проверьте, что это она, и используйте относительные пути.",
    ),
    "extension_dropped": _row(
        "loss",
        "A glTF extension is not understood and was left out",
        "Export without it if it carries something you need.",
        "Расширение glTF не поддерживается и пропущено",
        "Если в нём что-то нужное, экспортируйте без него.",
    ),
    # --- animation and skins
    "animation_broken": _row(
        "loss",
        "An animation cannot be played; the broken part was left out",
        "Bake the action and export again.",
        "Анимация не воспроизводится; испорченная часть пропущена",
        "Запеките действие и экспортируйте снова.",
    ),
    "animation_constant": _row(
        "advice",
        "An animation moves nothing; it was left out",
        "Delete the empty action, or key what should move.",
        "Анимация ничего не двигает и пропущена",
        "Удалите пустое действие или добавьте ключи.",
    ),
    "joint_out_of_range": _row(
        "change",
        "A skin names bones that it does not have; they count for nothing",
        "Clean up the vertex groups and export again.",
        "Скин ссылается на несуществующие кости; они не учитываются",
        "Почистите группы вершин и экспортируйте снова.",
    ),
}
