// As UnityCsReference has it: Editor/Mono/MenuCommand.cs, and the Script Reference of Unity 2023.2.
namespace UnityEditor
{
    public sealed class MenuCommand
    {
        public UnityEngine.Object context;

        public MenuCommand(UnityEngine.Object inContext) { context = inContext; }
    }
}
