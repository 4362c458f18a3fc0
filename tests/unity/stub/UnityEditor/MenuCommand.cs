// As UnityCsReference has it: Editor/Mono/MenuCommand.cs, commit 3a75391d.
namespace UnityEditor
{
    public sealed class MenuCommand
    {
        public UnityEngine.Object context;

        public MenuCommand(UnityEngine.Object inContext) { context = inContext; }
    }
}
